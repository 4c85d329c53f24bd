// How long the event loop was blocked while a snapshot was being taken, and between snapshots.
// Node's monitorEventLoopDelay can't say which: to read it apart it would have to be reset at each
// edge, and a reset forgets the block under way, which is that of the capture itself.
import type { BlockReport } from "./ipc.js";

const TICK_MS = 1;
const LONG_MS = 10;

export class Blocks {
  #last: number;
  #isTaking = false;
  /** Some of the time since the last tick belongs to a snapshot. */
  #wasTaking = false;
  #report: { -readonly [Key in keyof BlockReport]: number } = none();

  /** @param now milliseconds */
  constructor(now: number) {
    this.#last = now;
  }

  /** A snapshot begins, or is saved. */
  taking(isTaking: boolean): void {
    this.#isTaking = isTaking;
    this.#wasTaking = true;
  }

  /** The loop gave us a turn. */
  tick(now: number): void {
    const ms = now - this.#last;
    const isLong = Number(ms > LONG_MS);
    this.#last = now;
    if (this.#wasTaking) {
      this.#report.duringMs = Math.max(this.#report.duringMs, ms);
      this.#report.longDuring += isLong;
    } else {
      this.#report.betweenMs = Math.max(this.#report.betweenMs, ms);
      this.#report.longBetween += isLong;
    }
    this.#wasTaking = this.#isTaking;
  }

  collected(ms: number): void {
    this.#report.gcMaxMs = Math.max(this.#report.gcMaxMs, ms);
  }

  /** Since the last call. */
  report(): BlockReport {
    const report = this.#report;
    this.#report = none();
    return report;
  }
}

function none(): { -readonly [Key in keyof BlockReport]: number } {
  return { duringMs: 0, betweenMs: 0, longDuring: 0, longBetween: 0, gcMaxMs: 0 };
}

/** Watches this process's event loop from now on. */
export function watchEventLoop(blocks: Blocks): void {
  setInterval(() => blocks.tick(performance.now()), TICK_MS);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) blocks.collected(duration);
  }).observe({ entryTypes: ["gc"] });
}
