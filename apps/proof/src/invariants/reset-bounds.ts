// A log is never reset below where it begins, nor below what is committed as far as its node knows,
// and compaction never goes on beyond the snapshot (paper §7; hazard 70). What the node
// acknowledged and others have committed since is looked at in kept-promises.ts.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function resetBounds(): Invariant {
  return {
    resetting({ id, log, lastApplied, role }, index) {
      if (index < log.base.index || index < lastApplied) {
        throw new InvariantBroken(
          "reset-bounds",
          `${id} resets its log to ${index}, though it begins behind ${log.base.index} and is applied up to ${lastApplied}`,
        );
      }
      if (role === "leader") {
        throw new InvariantBroken("reset-bounds", `${id} resets its log to ${index} as a leader`);
      }
    },
    compacting({ id, log, disk }, index) {
      const durable = disk.snapshot?.index ?? 0;
      if (index > durable || index > log.lastIndex || index < log.base.index) {
        throw new InvariantBroken(
          "reset-bounds",
          `${id} compacts its log through ${index}: it begins behind ${log.base.index}, ends at ${log.lastIndex}, and the durable snapshot stands for ${durable}`,
        );
      }
    },
  };
}
