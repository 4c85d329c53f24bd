// A process that carries out runs for `npm run simulate`: a seed comes in, what became of it goes
// out. It ends with its parent.
import { planOf } from "../../plans/generate.js";
import { runPlanned } from "./run-plan.js";
import type { Outcome, Simulation } from "../../plans/plan.js";

export interface Job {
  readonly seed: number;
  readonly simulation: Simulation;
  readonly nodes: number | undefined;
}

export interface Done {
  readonly job: Job;
  readonly outcome: Outcome;
  /** Of this process's time on a core. ms */
  readonly cpuMs: number;
}

async function work(job: Job): Promise<void> {
  const drawn = planOf(job.seed, job.simulation);
  const before = process.cpuUsage();
  const outcome = await runPlanned({ ...drawn, nodes: job.nodes ?? drawn.nodes }, false);
  const { user, system } = process.cpuUsage(before);
  process.send?.({ job, outcome, cpuMs: (user + system) / 1000 } satisfies Done);
}

process.on("disconnect", () => process.exit());
process.on("message", (job: Job) => {
  work(job).catch((error: unknown) => {
    console.error(`seed ${job.seed}, ${job.simulation} simulation:`, error);
    process.exit(1);
  });
});
