// Runs what a seed or a plan says, in the tier that it is for.
import { planOf } from "../draw.js";
import type { Outcome, Plan } from "../plan.js";
import { runTier1 } from "../tier1/run.js";
import { runTier2 } from "../tier2/run.js";
import type { Job, JobResult } from "./pool.js";

/** What a harness throws is a failure of the run like any other: it must not pass for one that went well. */
export async function runPlan(plan: Plan, options: { readonly fullTrace: boolean }): Promise<Outcome> {
  try {
    return await (plan.tier === 1 ? runTier1 : runTier2)(plan, options);
  } catch (error) {
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    return { plan, hash: "", virtualMs: 0, injected: new Map(), operations: { answered: 0, refused: 0, unknown: 0 }, failure: { check: "harness", message }, trace: [] };
  }
}

export async function runJob(job: Job): Promise<JobResult> {
  const startedAt = performance.now();
  const { hash, virtualMs, injected, operations, failure } = await runPlan(planOf(job.seed, job.tier), { fullTrace: false });
  return { ...job, outcome: { hash, virtualMs, injected, operations, failure }, tookMs: performance.now() - startedAt };
}
