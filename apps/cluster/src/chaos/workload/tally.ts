// Counts what became of the load's operations, second by second, for the report. Keeps numbers, not
// operations.

export const OUTCOMES = ["done", "refused", "unknown", "wrong"] as const;
export type OutcomeKind = (typeof OUTCOMES)[number];

export interface Second {
  readonly counts: Record<OutcomeKind, number>;
  /** Of what was answered; null where nothing was. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Tally {
  /** @param atMs since the run began */
  add(atMs: number, outcome: OutcomeKind, isWrite: boolean, latencyMs: number): void;
  seconds(): Second[];
  totals(): Record<OutcomeKind, number>;
  /** Over the whole run. */
  percentileMs(fraction: number): number | null;
  /** Times without an acknowledged write, longer than `minMs`, up to `endMs`. */
  outages(minMs: number, endMs: number): Outage[];
}

interface Bucket {
  readonly counts: Record<OutcomeKind, number>;
  readonly latencies: number[];
}

export function createTally(): Tally {
  const buckets: Bucket[] = [];
  const writes: number[] = [];
  const none = (): Record<OutcomeKind, number> => ({ done: 0, refused: 0, unknown: 0, wrong: 0 });
  return {
    add(atMs, outcome, isWrite, latencyMs) {
      const at = Math.floor(atMs / 1000);
      while (buckets.length <= at) buckets.push({ counts: none(), latencies: [] });
      const bucket = buckets[at];
      if (bucket === undefined) return;
      bucket.counts[outcome]++;
      if (outcome === "done") bucket.latencies.push(latencyMs);
      if (outcome === "done" && isWrite) writes.push(atMs);
    },
    seconds: () =>
      buckets.map(({ counts, latencies }) => ({
        counts,
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
      })),
    totals() {
      const total = none();
      for (const { counts } of buckets) {
        for (const outcome of OUTCOMES) total[outcome] += counts[outcome];
      }
      return total;
    },
    percentileMs: (fraction) =>
      percentile(
        buckets.flatMap(({ latencies }) => latencies),
        fraction,
      ),
    outages(minMs, endMs) {
      const times = [0, ...writes.toSorted((a, b) => a - b), endMs];
      return times.flatMap((toMs, i) => {
        const fromMs = times[i - 1] ?? 0;
        return toMs - fromMs > minMs ? [{ fromMs, toMs }] : [];
      });
    },
  };
}

/** To a hundredth of a millisecond. */
function percentile(values: readonly number[], fraction: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  return value === undefined ? null : Math.round(value * 100) / 100;
}
