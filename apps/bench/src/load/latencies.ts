// Latencies as a histogram: microseconds, to three significant digits.
import { createHistogram } from "node:perf_hooks";

export interface LatencyFigures {
  readonly count: number;
  /** All 0 when there are none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export class Latencies {
  readonly #histogramUs = createHistogram();

  record(ms: number): void {
    this.#histogramUs.record(Math.max(1, Math.round(ms * 1000)));
  }

  figures(): LatencyFigures {
    const count = this.#histogramUs.count;
    const ms = (percent: number): number =>
      count === 0 ? 0 : this.#histogramUs.percentile(percent) / 1000;
    return { count, p50Ms: ms(50), p99Ms: ms(99), p999Ms: ms(99.9), maxMs: ms(100) };
  }

  reset(): void {
    this.#histogramUs.reset();
  }
}

/** One for what was answered while something went on, one for what was answered between. */
export class SplitLatencies {
  readonly during = new Latencies();
  readonly between = new Latencies();
  readonly all = new Latencies();

  record(ms: number, isDuring: boolean): void {
    this.all.record(ms);
    (isDuring ? this.during : this.between).record(ms);
  }
}
