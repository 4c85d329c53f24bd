// Commit only what a majority has on its disks (paper §5.3, §5.4.2: persistent storage of Figure
// 2). Looked at when more is committed than ever before, against what the simulated disks hold at
// that moment, not against acknowledgements. A data directory that was wiped counts as it was: what
// a node loses after it acknowledged takes no commit back.
import type { Index } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import { isQuorum, namesOf } from "./configuration-safety.js";
import { isStored } from "./view.js";
import type { ClusterView, Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function quorumDurability(cluster: ClusterView): Invariant {
  let proven: Index = 0;
  return {
    committed({ id, log, commitIndex }) {
      if (commitIndex <= proven) return;
      proven = commitIndex;
      const current = log.configurations.at(-1)?.configuration;
      const chain = log.chain(commitIndex);
      const holders = cluster.nodes.filter((node) => isStored(node, commitIndex, chain));
      if (
        current &&
        isQuorum(current, (member) => holders.some((node) => isSameMember(node, member)))
      ) {
        return;
      }
      throw new InvariantBroken(
        "quorum-durability",
        `${id} commits ${commitIndex}, which is on the disks of ${holders.map((node) => node.id).join(", ") || "nobody"}: no quorum of ${current ? namesOf(current) : "no configuration"}`,
      );
    },
  };
}
