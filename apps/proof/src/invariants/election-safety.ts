// Election safety: at most one leader is elected in a given term (paper §5.2, Figure 3). Who leads
// a term, loses its role or its process, and leads the same term again was elected by votes that
// were counted before: that is a second leadership.
import type { Term } from "@raftkit/core";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function electionSafety(): Invariant {
  const leaders = new Map<Term, string>();
  /** By data directory: the term that it leads now. */
  const leading = new Map<string, Term>();
  return {
    started({ incarnation }) {
      leading.delete(incarnation);
    },
    changed({ id, incarnation, role, currentTerm }) {
      if (role !== "leader") {
        leading.delete(incarnation);
        return;
      }
      if (leading.get(incarnation) === currentTerm) return;
      leading.set(incarnation, currentTerm);
      const name = `${id} (${incarnation})`;
      const known = leaders.get(currentTerm);
      if (known === name) {
        throw new InvariantBroken(
          "election-safety",
          `${name} leads term ${currentTerm} a second time`,
        );
      }
      if (known !== undefined) {
        throw new InvariantBroken(
          "election-safety",
          `both ${known} and ${name} lead term ${currentTerm}`,
        );
      }
      leaders.set(currentTerm, name);
    },
  };
}
