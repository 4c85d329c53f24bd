// Configuration safety (paper §6, thesis §4.1): the same index holds the same configuration
// everywhere; two configurations that follow each other have overlapping majorities; and a leader
// was elected by a majority of its configuration's disks: votes count from members' data
// directories only, and only when they are durable (paper §5.2, Figure 2).
import type { Configuration, Index } from "@raftkit/core";
import type { NodeView } from "./view.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function configurationSafety(): Invariant {
  const committed = new Map<Index, string>();
  /** `term candidate` → the data directories that hold a vote for it. */
  const votes = new Map<string, Set<string>>();
  const elected = new Map<string, number>();

  function checkMembers(node: NodeView, before: Index): void {
    const { configurations } = node.log;
    for (let i = 0; i < configurations.length; i++) {
      const found = configurations[i];
      if (!found || found.index <= before || found.index > node.commitIndex) continue;
      const text = namesOf(found.configuration);
      const known = committed.get(found.index) ?? text;
      committed.set(found.index, known);
      if (known !== text) {
        throw new InvariantBroken(
          "configuration-safety",
          `${node.id} commits the configuration ${text} at ${found.index}, another node ${known}`,
        );
      }
      const previous = configurations[i - 1]?.configuration;
      if (previous && !overlap(previous, found.configuration)) {
        throw new InvariantBroken(
          "configuration-safety",
          `the configurations ${namesOf(previous)} and ${text} have disjoint majorities`,
        );
      }
    }
  }

  return {
    durable({ incarnation, disk: { currentTerm, votedFor } }) {
      if (votedFor === null) return;
      const name = `${currentTerm} ${votedFor}`;
      const known = votes.get(name);
      if (known) known.add(incarnation);
      else votes.set(name, new Set([incarnation]));
    },
    changed(node) {
      if (node.role !== "leader" || elected.get(node.incarnation) === node.currentTerm) return;
      elected.set(node.incarnation, node.currentTerm);
      const voters = node.log.configurations.at(-1)?.configuration.voters ?? [];
      const known = votes.get(`${node.currentTerm} ${node.id}`);
      const granted = voters.filter(({ incarnation }) => known?.has(incarnation) === true).length;
      if (2 * granted <= voters.length) {
        throw new InvariantBroken(
          "configuration-safety",
          `${node.id} leads term ${node.currentTerm}, for which the disks of ${granted} of ${voters.length} voters hold a vote`,
        );
      }
    },
    committed: checkMembers,
  };
}

export function namesOf({ voters }: Configuration): string {
  return voters.map(({ id, incarnation }) => `${id}/${incarnation}`).join(" ");
}

/** Any majority of one shares a member with any majority of the other. */
function overlap(a: Configuration, b: Configuration): boolean {
  const shared = a.voters.filter((voter) =>
    b.voters.some(({ incarnation }) => incarnation === voter.incarnation),
  ).length;
  const union = a.voters.length + b.voters.length - shared;
  return Math.floor(a.voters.length / 2) + Math.floor(b.voters.length / 2) + 2 > union;
}
