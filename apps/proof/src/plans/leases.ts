// Which nodes of a simulated cluster have leases, and how wrong their clocks may be.
import type { SeededRandom } from "@raftkit/simulation";
import type { Plan } from "./plan.js";

/** So many of the nodes have no lease where the others have some. */
const WITHOUT_LEASE = 0.15;

/** A node that has no lease promises none; with another rate its clock may be wrong by more. */
export function leaseDriftRateOf(
  random: SeededRandom,
  { leaseDriftRate }: Plan,
): number | undefined {
  if (leaseDriftRate === undefined || random.chance(WITHOUT_LEASE)) return undefined;
  return random.chance(0.7) ? leaseDriftRate : leaseDriftRate / 2;
}
