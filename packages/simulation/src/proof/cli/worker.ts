// A thread that runs one plan after another for pool.ts.
import { parentPort } from "node:worker_threads";
import { runJob } from "./job.js";
import type { Job } from "./pool.js";

parentPort?.on("message", (job: Job) => {
  void runJob(job).then((result) => parentPort?.postMessage(result));
});
