// Commit only what a majority has on its disks (paper §5.3, §5.4.2: persistent storage of Figure
// 2). Looked at when more is committed than ever before, against what the simulated disks hold at
// that moment, not against acknowledgements. A data directory that was wiped counts as it was: what
// a node loses after it acknowledged takes no commit back.
import type { Configuration, Index } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import { isQuorum, namesOf } from "./configuration-safety.js";
import type { LogView } from "./view.js";
import { isStored } from "./view.js";
import type { ClusterView, Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function quorumDurability(cluster: ClusterView): Invariant {
  let proven: Index = 0;

  /** It may be left in the turn in which it commits: then the latest one is another. */
  function demandJoint(id: string, log: LogView, index: Index, joint: Configuration): void {
    if (joint.outgoing.length === 0) return;
    const holders = cluster.nodes.filter((node) => isStored(node, index, log.chain(index)));
    if (isQuorum(joint, (member) => holders.some((node) => isSameMember(node, member)))) return;
    throw new InvariantBroken(
      "quorum-durability",
      `${id} commits the joint configuration at ${index}, which is on the disks of ${holders.map((node) => node.id).join(", ") || "nobody"}: no quorum of both halves of ${namesOf(joint)}`,
    );
  }

  return {
    committed({ id, log, commitIndex }) {
      if (commitIndex <= proven) return;
      for (const { index, configuration } of log.configurations) {
        if (index > proven && index <= commitIndex) demandJoint(id, log, index, configuration);
      }
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
