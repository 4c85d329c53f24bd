// One simulated run by its plan: what `npm run simulate`, its workers and the tests call.
import type { Outcome, Plan } from "../../plans/plan.js";
import { runTier1 } from "../../core-simulation/run.js";
import { runTier2 } from "../../cluster-simulation/run.js";

/** Carries a plan out in its tier; ends at the first thing that is wrong. */
export function runPlanned(plan: Plan, fullTrace: boolean): Promise<Outcome> {
  return plan.tier === 1 ? runTier1(plan, { fullTrace }) : runTier2(plan, { fullTrace });
}
