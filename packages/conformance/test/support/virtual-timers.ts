// Timers whose time passes at once when there is nothing else to do.

export interface VirtualTimers {
  readonly setTimeout: (run: () => void, delayMs: number) => number;
  readonly clearTimeout: (timer: number | undefined) => void;
  /** Milliseconds that have passed. */
  now(): number;
  /** Lets time pass until the work has ended. */
  run<Result>(work: Promise<Result>): Promise<Result>;
}

const LONG_MS = 10_000;

export function createVirtualTimers(): VirtualTimers {
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  let [now, last] = [0, 0];
  async function nextAfter(turns: number) {
    for (let i = 0; i < turns; i++) await new Promise(setImmediate);
    return [...timers].toSorted(([, a], [, b]) => a.at - b.at)[0];
  }
  return {
    setTimeout(run, delayMs) {
      timers.set(++last, { at: now + delayMs, run });
      return last;
    },
    clearTimeout: (timer) => void (timer !== undefined && timers.delete(timer)),
    now: () => now,
    async run(work) {
      let isOver = false;
      const end = work.finally(() => (isOver = true));
      end.catch(() => undefined);
      while (!isOver) {
        let next = await nextAfter(3);
        // A case may wait for the real clock for a moment: that is no reason to let it time out.
        if (next !== undefined && next[1].at - now >= LONG_MS) next = await nextAfter(3000);
        if (next === undefined || isOver) continue;
        timers.delete(next[0]);
        now = next[1].at;
        next[1].run();
      }
      return end;
    },
  };
}
