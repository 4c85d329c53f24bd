// Runs many plans on several threads. A plan is drawn where it runs: only its seed and its outcome travel.
import { Worker } from "node:worker_threads";

import type { Outcome } from "../plan.js";
export interface Job {
  readonly seed: number;
  readonly tier: 1 | 2;
}

/** What of an outcome the report needs. */
export interface JobResult extends Job {
  readonly outcome: Pick<Outcome, "hash" | "virtualMs" | "injected" | "operations" | "failure">;
  /** How long it took. Real milliseconds of one thread. */
  readonly tookMs: number;
}

/** One thread's worth of running. */
export interface Runner {
  run(job: Job): Promise<JobResult>;
  close(): Promise<void>;
}


/** A runner on a thread of its own. When the thread dies, what it ran fails with the reason. */
export function createThreadRunner(): Runner {
  const worker = new Worker(new URL("./worker.js", import.meta.url));
  let waiting: { readonly resolve: (result: JobResult) => void; readonly reject: (error: Error) => void } | undefined;
  worker.on("message", (result: JobResult) => waiting?.resolve(result));
  worker.on("error", (error: unknown) => waiting?.reject(error instanceof Error ? error : new Error(String(error))));
  return {
    run: (job) => new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      worker.postMessage(job);
    }),
    async close() { await worker.terminate(); },
  };
}

/** Runs all jobs, each runner one at a time, and tells of each result as it comes. */
export async function runAll(jobs: Iterable<Job>, runners: readonly Runner[], onResult: (result: JobResult) => void): Promise<void> {
  const waiting = jobs[Symbol.iterator]();
  await Promise.all(runners.map(async (runner) => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) onResult(await runner.run(next.value));
  }));
}
