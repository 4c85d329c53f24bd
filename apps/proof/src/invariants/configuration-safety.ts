// Configuration safety (paper §6, thesis §4.1): the same index holds the same configuration
// everywhere; two configurations that follow each other have overlapping majorities; and a leader
// was elected by a majority of its configuration's disks: votes count from members' data
// directories only, and only when they are durable (paper §5.2, Figure 2).
import type { Configuration, Index, Member, Term } from "@raftkit/core";
import type { NodeView } from "./view.js";
import { nameOf } from "./view.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function configurationSafety(): Invariant {
  const committed = new Map<Index, string>();
  /** `term candidate` → the data directories that hold a vote for it. */
  const votes = new Map<string, Set<string>>();
  /** By data directory: the vote that it held when it was looked at last. */
  const counted = new Map<string, { readonly term: Term; readonly vote: Member }>();
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
      const last = counted.get(incarnation);
      if (last?.term === currentTerm && last.vote === votedFor) return;
      counted.set(incarnation, { term: currentTerm, vote: votedFor });
      const name = `${currentTerm} ${nameOf(votedFor)}`;
      const known = votes.get(name);
      if (known) known.add(incarnation);
      else votes.set(name, new Set([incarnation]));
    },
    changed(node) {
      if (node.role !== "leader" || elected.get(node.incarnation) === node.currentTerm) return;
      elected.set(node.incarnation, node.currentTerm);
      const current = node.log.configurations.at(-1)?.configuration;
      const known = votes.get(`${node.currentTerm} ${nameOf(node)}`);
      if (current && isQuorum(current, ({ incarnation }) => known?.has(incarnation) === true)) {
        return;
      }
      throw new InvariantBroken(
        "configuration-safety",
        `${node.id} leads term ${node.currentTerm}, for which the disks of ${[...(known ?? [])].join(", ") || "nobody"} hold a vote: no quorum of ${current ? namesOf(current) : "no configuration"}`,
      );
    },
    committed: checkMembers,
  };
}

export function namesOf({ voters, learners, outgoing }: Configuration): string {
  return [voters, learners, outgoing].map((list) => list.map(nameOf).join(" ")).join(" | ");
}

/** A majority of the voters and, in a joint configuration, of the outgoing ones (paper §6). */
export function isQuorum(
  { voters, outgoing }: Configuration,
  has: (member: Member) => boolean,
): boolean {
  return [voters, outgoing].every(
    (half) => half.length === 0 || 2 * half.filter(has).length > half.length,
  );
}

/** Any quorum of one shares a member with any quorum of the other: some half of each overlaps. */
export function overlap(a: Configuration, b: Configuration): boolean {
  return halvesOf(a).some((one) => halvesOf(b).some((other) => overlapOf(one, other)));
}

function halvesOf({ voters, outgoing }: Configuration): readonly (readonly Member[])[] {
  return outgoing.length > 0 ? [voters, outgoing] : [voters];
}

function overlapOf(a: readonly Member[], b: readonly Member[]): boolean {
  const shared = a.filter((voter) =>
    b.some(({ incarnation }) => incarnation === voter.incarnation),
  ).length;
  const union = a.length + b.length - shared;
  return Math.floor(a.length / 2) + Math.floor(b.length / 2) + 2 > union;
}
