// Plans that seeds give, of a kind that a test needs.
import { planOf } from "../../src/plans/generate.js";
import type { Plan, Simulation } from "../../src/plans/plan.js";

/** The first so many plans for which this holds. */
export function plansWith(
  simulation: Simulation,
  count: number,
  holds: (plan: Plan) => boolean,
): readonly Plan[] {
  const plans: Plan[] = [];
  for (let seed = 1; plans.length < count; seed++) {
    const plan = planOf(seed, simulation);
    if (holds(plan)) plans.push(plan);
  }
  return plans;
}

export const hasMembers = ({ founders }: Plan): boolean => founders !== undefined;
export const hasLeases = ({ leaseDriftRate }: Plan): boolean => leaseDriftRate !== undefined;
