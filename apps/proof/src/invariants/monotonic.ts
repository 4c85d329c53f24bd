// Nothing goes back: a node's term, its commit and applied index within a run, its vote within a
// term, and what its disk holds of term and vote across runs (paper Figure 2: "increases
// monotonically"; §5.2: one vote a term).
import type { Index, Member, NodeId, Term } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import type { NodeView } from "./view.js";
import { nameOf } from "./view.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

interface Vote {
  term: Term;
  vote: Member | null;
}

interface Seen {
  readonly memory: Vote;
  readonly disk: Vote;
  commitIndex: Index;
  lastApplied: Index;
}

export function monotonic(): Invariant {
  const nodes = new Map<string, Seen>();

  function seen(incarnation: string): Seen {
    let found = nodes.get(incarnation);
    if (!found) {
      nodes.set(
        incarnation,
        (found = {
          memory: { term: 0, vote: null },
          disk: { term: 0, vote: null },
          commitIndex: 0,
          lastApplied: 0,
        }),
      );
    }
    return found;
  }

  function broken(message: string): InvariantBroken {
    return new InvariantBroken("monotonic", message);
  }

  function follow(
    before: Vote,
    term: Term,
    vote: Member | null,
    id: NodeId,
    stored: " stored" | "",
  ): void {
    if (term < before.term) {
      throw broken(`${id}'s${stored} term goes back from ${before.term} to ${term}`);
    }
    if (term === before.term && before.vote !== null && !isSameMember(vote, before.vote)) {
      throw broken(
        `${id}'s${stored} vote in term ${term} changes from ${nameOf(before.vote)} to ${nameOf(vote)}`,
      );
    }
    before.term = term;
    before.vote = vote;
  }

  return {
    started(node: NodeView) {
      const known = seen(node.incarnation);
      follow(known.disk, node.disk.currentTerm, node.disk.votedFor, node.id, " stored");
      if (
        node.currentTerm !== node.disk.currentTerm ||
        !isSameMember(node.votedFor, node.disk.votedFor)
      ) {
        throw broken(
          `${node.id} starts in term ${node.currentTerm}, but its disk has ${node.disk.currentTerm}`,
        );
      }
      known.memory.term = node.currentTerm;
      known.memory.vote = node.votedFor;
      known.commitIndex = node.commitIndex;
      known.lastApplied = node.lastApplied;
    },
    changed: ({ id, incarnation, currentTerm, votedFor }) =>
      follow(seen(incarnation).memory, currentTerm, votedFor, id, ""),
    durable: ({ id, incarnation, disk }) =>
      follow(seen(incarnation).disk, disk.currentTerm, disk.votedFor, id, " stored"),
    committed({ id, incarnation, commitIndex }) {
      const known = seen(incarnation);
      if (commitIndex <= known.commitIndex) {
        throw broken(`${id}'s commit index goes back from ${known.commitIndex} to ${commitIndex}`);
      }
      known.commitIndex = commitIndex;
    },
    applied({ id, incarnation, lastApplied }) {
      const known = seen(incarnation);
      if (lastApplied !== known.lastApplied + 1) {
        throw broken(`${id} applies ${lastApplied} after ${known.lastApplied}`);
      }
      known.lastApplied = lastApplied;
    },
    restored({ id, incarnation, lastApplied }) {
      const known = seen(incarnation);
      if (lastApplied <= known.lastApplied) {
        throw broken(
          `${id} restores a snapshot at ${lastApplied} after it applied ${known.lastApplied}`,
        );
      }
      known.lastApplied = lastApplied;
    },
  };
}
