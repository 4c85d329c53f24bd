// Spreads runs over processes and hands back what became of each, in the order in which they end.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Done, Job } from "./worker.js";

/**
 * @param onDone returns whether to go on
 * @throws a worker ended before all of its runs were done
 */
export async function runAll(
  jobs: readonly Job[],
  workers: number,
  onDone: (done: Done) => boolean,
  worker: URL = new URL("./worker.js", import.meta.url),
): Promise<void> {
  let next = 0;
  let isOver = false;
  const children: ChildProcess[] = [];

  function serve(): Promise<void> {
    const child = fork(fileURLToPath(worker), { serialization: "advanced" });
    children.push(child);
    return new Promise((resolve, reject) => {
      let isBusy = false;
      const give = (): void => {
        const job = isOver ? undefined : jobs[next++];
        isBusy = job !== undefined;
        if (job) child.send(job);
        else child.disconnect();
      };
      child.on("message", (done: Done) => {
        if (!isOver && !onDone(done)) isOver = true;
        give();
      });
      child.on("error", reject);
      child.on("exit", (code) =>
        code === 0 && !isBusy
          ? resolve()
          : reject(new Error(`a worker ended with ${code}${isBusy ? " during a run" : ""}`)),
      );
      give();
    });
  }

  try {
    await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, serve));
  } finally {
    for (const child of children) child.kill();
  }
}
