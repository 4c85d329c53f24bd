// An operation with a time limit: asked to stop when its time is up or when it is aborted, and
// abandoned at that moment even if it doesn't stop. Leaves no timer behind.
import { countDown } from "@raftkit/core";
import type { HttpClock } from "./defaults.js";

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
