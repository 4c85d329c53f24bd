// One simulated run by its plan: what `npm run simulate`, its workers and the tests call.
import type { Outcome, Plan } from "../../plans/plan.js";
import { runCoreSimulation } from "../../core-simulation/run.js";
import { runClusterSimulation } from "../../cluster-simulation/run.js";

/** Carries a plan out in its simulation; ends at the first thing that is wrong. */
export function runPlanned(plan: Plan, fullTrace: boolean): Promise<Outcome> {
  return plan.simulation === "core"
    ? runCoreSimulation(plan, { fullTrace })
    : runClusterSimulation(plan, { fullTrace });
}
