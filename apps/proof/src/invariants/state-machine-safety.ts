// State machine safety: if a server has applied a log entry at a given index, no other server will
// ever apply a different entry for the same index (paper §5.4.3, Figure 3). Held from the commit
// on; applied is only what is committed and durable.
import { isStored } from "./view.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function stateMachineSafety(): Invariant {
  /** By index. */
  const committed: number[] = [0];
  return {
    committed({ id, log, commitIndex }, before) {
      if (commitIndex > log.lastIndex) {
        throw new InvariantBroken(
          "state-machine-safety",
          `${id} commits ${commitIndex}, but its log ends at ${log.lastIndex}`,
        );
      }
      for (let index = before + 1; index <= commitIndex; index++) {
        const known = committed[index];
        if (known === undefined) committed[index] = log.chain(index);
        else if (known !== log.chain(index)) {
          throw new InvariantBroken(
            "state-machine-safety",
            `${id} commits another entry at ${index} than a node before it`,
          );
        }
      }
    },
    applied(node) {
      const { id, log, lastApplied, commitIndex } = node;
      if (lastApplied > commitIndex) {
        throw new InvariantBroken(
          "state-machine-safety",
          `${id} applies ${lastApplied}, but has committed ${commitIndex} only`,
        );
      }
      if (log.chain(lastApplied) !== committed[lastApplied]) {
        throw new InvariantBroken(
          "state-machine-safety",
          `${id} applies at ${lastApplied} what was not committed there`,
        );
      }
      if (!isStored(node, lastApplied, log.chain(lastApplied))) {
        throw new InvariantBroken(
          "state-machine-safety",
          `${id} applies ${lastApplied} before its disk has it`,
        );
      }
    },
  };
}
