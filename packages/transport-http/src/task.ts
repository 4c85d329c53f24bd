// An operation with a time limit: asked to stop when its time is up or when it is aborted, and
// abandoned at that moment even if it doesn't stop. Leaves no timer behind.
import type { HttpClock } from "./defaults.js";

/** A time limit is counted in so many periods. */
const PERIODS = 40;

export interface Task<T> {
  /** Rejects as soon as the task is aborted or late. */
  readonly done: Promise<T>;
  abort(reason: Error): void;
}

export function startTask<T>(
  clock: HttpClock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Task<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  const cancelTimer = countDown(clock, timeoutMs, () =>
    controller.abort(new Error(`no end after ${timeoutMs} ms`)),
  );
  return {
    done: Promise.race([work(signal), stopped]).finally(cancelTimer),
    abort: (reason) => controller.abort(reason),
  };
}

/**
 * Counts periods instead of reading a clock: however long this process stood still, one period has
 * passed, and what came in meanwhile is read before the next.
 */
function countDown(clock: HttpClock, timeoutMs: number, expire: () => void): () => void {
  const periods = Math.min(PERIODS, timeoutMs);
  let left = periods;
  const count = (): void => {
    left -= 1;
    cancelTimer =
      left > 0
        ? clock.schedule(clock.now() + timeoutMs / periods, count)
        : clock.schedule(clock.now(), expire);
  };
  let cancelTimer = clock.schedule(clock.now() + timeoutMs / periods, count);
  return () => cancelTimer();
}
