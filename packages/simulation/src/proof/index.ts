// One simulated run, by seed and tier or by plan. What `npm run simulate`, its workers, the tests and the mutants call.
import { planOf } from "./draw.js";
import type { Outcome, Plan } from "./plan.js";
import { runTier1 } from "./tier1/run.js";
import { runTier2 } from "./tier2/run.js";

/** Draws the plan of this seed and carries it out; ends at the first thing that is wrong. */
export function simulate(seed: number, tier: 1 | 2): Promise<Outcome> {
  return runPlanned(planOf(seed, tier), false);
}

export function runPlanned(plan: Plan, fullTrace: boolean): Promise<Outcome> {
  return plan.tier === 1 ? runTier1(plan, { fullTrace }) : runTier2(plan, { fullTrace });
}
