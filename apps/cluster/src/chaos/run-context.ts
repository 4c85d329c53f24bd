// What a run is given from outside, and how its parts end early.

export interface RunContext {
  readonly serverCommand: readonly string[];
  /** Where history, final state and the nodes' logs go; it exists. */
  readonly out: string;
  /** Where the nodes keep their data; it exists. */
  readonly data: string;
  /** To be removed at the end, also if this process is killed; "" for nothing. */
  readonly temporary: string;
  /** Aborted: the run ends at once, with nothing proven. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** Called at the end, the last one first. */
export type CleanUp = () => void | Promise<void>;

/** @returns no longer does it */
export function onAbort(signal: AbortSignal, act: () => void): CleanUp {
  signal.addEventListener("abort", act);
  return () => signal.removeEventListener("abort", act);
}

/** @throws what the signal is aborted with */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {});
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const abort = (): void =>
        reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
    }),
  ]);
}
