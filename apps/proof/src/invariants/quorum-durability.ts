// Commit only what a majority has on its disks (paper §5.3, §5.4.2: persistent storage of Figure
// 2). Looked at when more is committed than ever before, against what the simulated disks hold at
// that moment, not against acknowledgements. A data directory that was wiped counts as it was: what
// a node loses after it acknowledged takes no commit back.
import type { Index } from "@raftkit/core";
import { isStored } from "./view.js";
import type { ClusterView, Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function quorumDurability(cluster: ClusterView): Invariant {
  let proven: Index = 0;
  return {
    committed({ id, log, commitIndex }) {
      if (commitIndex <= proven) return;
      proven = commitIndex;
      const voters = log.configurations.at(-1)?.configuration.voters ?? [];
      const chain = log.chain(commitIndex);
      let holders = 0;
      for (const node of cluster.nodes) {
        if (
          isStored(node, commitIndex, chain) &&
          voters.some((voter) => voter.incarnation === node.incarnation)
        ) {
          holders++;
        }
      }
      if (2 * holders <= voters.length) {
        throw new InvariantBroken(
          "quorum-durability",
          `${id} commits ${commitIndex}, which is on the disks of ${holders} of ${voters.length} voters`,
        );
      }
    },
  };
}
