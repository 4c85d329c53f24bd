// One simulated run by its plan: what `npm run simulate`, its workers and the tests call.
import type { Outcome, Plan } from "./plan.js";
import { runTier1 } from "./tier1/run.js";
import { runTier2 } from "./tier2/run.js";

/** Carries a plan out in its tier; ends at the first thing that is wrong. */
export function runPlanned(plan: Plan, fullTrace: boolean): Promise<Outcome> {
  return plan.tier === 1 ? runTier1(plan, { fullTrace }) : runTier2(plan, { fullTrace });
}
