// How configurations may follow each other, whatever nodes do (paper §6; thesis §4; the bug of
// 2015): a leader begins one only when the one before it is committed and an entry of its own term
// is; voters change through a joint configuration alone, which only the one that leaves it may
// follow; of all that may be in force at once, whoever holds them, no two have disjoint majorities;
// and nobody deposes a leader whom none of them names (hazards 23, 24, 27 and 30).
import type { Configuration, Index, Member, Term } from "@raftkit/core";
import { isListed, isSameMember, serversOf } from "@raftkit/core";
import { namesOf, overlap } from "./configuration-safety.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";
import type { LogView, NodeView } from "./view.js";

interface Placed {
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
}

export function configurationChanges(): Invariant {
  /** Those by which somebody may yet be elected: the last committed one, and all after it. */
  let live: Placed[] = [];
  /** Of the last committed one. */
  let settled: Index = 0;

  function broken(message: string): InvariantBroken {
    return new InvariantBroken("configuration-changes", message);
  }

  /** What a leader adds to its log. */
  function demandOrder(node: NodeView, before: Placed, added: Placed): void {
    const { id, log, commitIndex, currentTerm } = node;
    if (before.index > commitIndex) {
      throw broken(
        `${id} appends a configuration at ${added.index} while the one at ${before.index} isn't committed`,
      );
    }
    if (log.term(commitIndex) !== currentTerm) {
      throw broken(
        `${id} appends a configuration at ${added.index} before an entry of its term ${currentTerm} is committed`,
      );
    }
    if (!mayFollow(before.configuration, added.configuration)) {
      throw broken(
        `${id} appends ${namesOf(added.configuration)} behind ${namesOf(before.configuration)}`,
      );
    }
  }

  function note(id: string, placed: Placed): void {
    const { index, term, configuration } = placed;
    if (index < settled) return;
    // Whoever founds the cluster may lose its disk before anybody has what it wrote.
    if (index === 1) live = [];
    if (live.some((one) => one.index === index && one.term === term)) return;
    for (const other of live) {
      if (!overlap(other.configuration, configuration)) {
        throw broken(
          `${id} has ${namesOf(configuration)} at ${index}, while ${namesOf(other.configuration)} at ${other.index} may be in force: disjoint majorities`,
        );
      }
    }
    live.push(placed);
  }

  /**
   * No later leader lacks what is committed: other histories up to there are dead, and so is
   * whatever follows of an earlier term elsewhere.
   */
  function forget({ log, commitIndex }: NodeView): void {
    const last = log.configurations.findLast(({ index }) => index <= commitIndex)?.index ?? 0;
    if (live.length < 2 && last <= settled) return;
    settled = Math.max(settled, last);
    const lastTerm = log.term(commitIndex);
    live = live.filter(({ index, term }) => {
      const isHere = log.term(index) === term;
      return index <= commitIndex ? isHere && index >= last : isHere || term >= lastTerm;
    });
  }

  return {
    appended(node, firstIndex) {
      const placed = placedIn(node.log, firstIndex);
      // A joint one is left in the turn in which it commits.
      if (placed.length > 0) forget(node);
      for (const { before, added } of placed) {
        if (node.role === "leader" && added.term === node.currentTerm && before) {
          demandOrder(node, before, added);
        }
        note(node.id, added);
      }
    },
    committed: forget,
    deposed({ id }, by: Member, { type, term }) {
      if (type === "appendEntries" || type === "installSnapshot") return;
      const isNamed = live.some(({ configuration }) => isListed(serversOf(configuration), by));
      if (isNamed) return;
      throw new InvariantBroken(
        "disruption",
        `${id} led until ${by.id} (${by.incarnation}), which no configuration names, sent it a ${type} of term ${term}`,
      );
    },
  };
}

function placedIn(
  log: LogView,
  firstIndex: Index,
): readonly { readonly before: Placed | undefined; readonly added: Placed }[] {
  const { configurations } = log;
  if ((configurations.at(-1)?.index ?? 0) < firstIndex) return [];
  const placed = configurations.map((one) => ({ ...one, term: log.term(one.index) }));
  return placed.flatMap((added, i) =>
    added.index < firstIndex ? [] : [{ before: placed[i - 1], added }],
  );
}

function mayFollow(before: Configuration, after: Configuration): boolean {
  if (before.clusterInstance !== after.clusterInstance) return false;
  if (before.outgoing.length > 0) {
    return after.outgoing.length === 0 && areSame(before.voters, after.voters);
  }
  return areSame(before.voters, after.outgoing.length > 0 ? after.outgoing : after.voters);
}

function areSame(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => isSameMember(one, other)));
}
