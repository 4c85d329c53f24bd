// The term is durable before a snapshot of that term is: a node never starts with a snapshot that
// is newer than its term (paper Figure 2; §7). Looked at when the snapshot becomes durable.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function snapshotTerm(): Invariant {
  return {
    saved({ id, disk: { currentTerm, snapshot } }) {
      if (snapshot && snapshot.term > currentTerm) {
        throw new InvariantBroken(
          "snapshot-term",
          `${id} stores a snapshot of term ${snapshot.term}, but its disk has term ${currentTerm}`,
        );
      }
    },
  };
}
