// Majorities of two sets at once (joint consensus, paper §6). Pure arithmetic; nothing here knows a
// node.
import { reachedByMajority } from "./majority.js";

/**
 * The largest value that a quorum has reached: a majority of the voters, and a majority of the
 * outgoing ones, too, where there are any. A half without anybody doesn't count; -Infinity where
 * both are empty (nobody can agree).
 */
export function reachedByBoth(voters: readonly number[], outgoing: readonly number[]): number {
  if (outgoing.length === 0) return reachedByMajority(voters);
  if (voters.length === 0) return reachedByMajority(outgoing);
  return Math.min(reachedByMajority(voters), reachedByMajority(outgoing));
}
