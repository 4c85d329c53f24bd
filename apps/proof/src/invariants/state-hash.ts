// Replicas are equal: state machines that have applied the same entries have the same state (paper
// §2: "compute the same state"; hazard 58, an apply that isn't deterministic). Their hashes are
// compared after every entry.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function stateHash(): Invariant {
  /** By applied index. */
  const hashes: number[] = [];
  return {
    applied({ id, lastApplied, stateHash: hash }) {
      const known = hashes[lastApplied];
      if (known === undefined) hashes[lastApplied] = hash;
      else if (known !== hash) {
        throw new InvariantBroken(
          "state-hash",
          `${id} has another state than others after applying ${lastApplied}`,
        );
      }
    },
  };
}
