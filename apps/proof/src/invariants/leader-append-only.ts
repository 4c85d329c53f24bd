// Leader append-only: a leader never overwrites or deletes entries in its log; it only appends
// (paper §5.3, Figure 3). What it appends is of its own term.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function leaderAppendOnly(): Invariant {
  return {
    truncating({ id, role, currentTerm, log }, index) {
      if (role === "leader") {
        throw new InvariantBroken(
          "leader-append-only",
          `${id}, leader of term ${currentTerm}, deletes its entries from ${index} to ${log.lastIndex}`,
        );
      }
    },
    appended({ id, role, currentTerm, log }, firstIndex) {
      if (role === "leader" && log.term(firstIndex) !== currentTerm) {
        throw new InvariantBroken(
          "leader-append-only",
          `${id}, leader of term ${currentTerm}, appends entry ${firstIndex} of term ${log.term(firstIndex)}`,
        );
      }
    },
  };
}
