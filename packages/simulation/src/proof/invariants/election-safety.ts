// Election safety: at most one leader is elected in a given term (paper §5.2, Figure 3).
import type { Term } from "@raftkit/core";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function electionSafety(): Invariant {
  const leaders = new Map<Term, string>();
  return {
    changed({ id, incarnation, role, currentTerm }) {
      if (role !== "leader") return;
      const name = `${id} (${incarnation})`;
      const known = leaders.get(currentTerm);
      if (known === undefined) leaders.set(currentTerm, name);
      else if (known !== name) throw new InvariantBroken("election-safety", `both ${known} and ${name} lead term ${currentTerm}`);
    },
  };
}
