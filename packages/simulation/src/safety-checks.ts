// Invariants of every moment of every run, whatever is lost, late or crashed. Checked after each
// event; changes nothing.
import type { Index, NodeId, Term } from "@raftkit/core";
import type { NodeStatus } from "raftkit";

/** Raft's safety was broken, or a node stopped by itself without being told to. */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

export interface Invariants {
  /** One picture of a running node. */
  check(status: NodeStatus): void;
  /**
   * A node starts again, with an empty state machine and the term that its disk holds: a later one
   * was nobody's business yet.
   */
  restarted(id: NodeId, durableTerm: Term): void;
  /** A state machine was handed this command. */
  applied(id: NodeId, index: Index, term: Term, command: string): void;
  /** What any node applied, in order. */
  readonly history: readonly string[];
}

interface Seen {
  term: Term;
  commitIndex: Index;
  lastApplied: Index;
  /** How many commands its machine applied in this run. */
  count: number;
}

export function createInvariants(): Invariants {
  const leaders = new Map<Term, NodeId>();
  const nodes = new Map<NodeId, Seen>();
  const history: string[] = [];

  function seen(id: NodeId): Seen {
    let found = nodes.get(id);
    if (found === undefined) {
      nodes.set(id, (found = { term: 0, commitIndex: 0, lastApplied: 0, count: 0 }));
    }
    return found;
  }

  return {
    history,
    check({ id, role, term, commitIndex, lastApplied, durableIndex, lastIndex }) {
      const node = seen(id);
      if (term < node.term) {
        throw new InvariantBroken(`${id}'s term went back from ${node.term} to ${term}`);
      }
      if (commitIndex < node.commitIndex) {
        throw new InvariantBroken(
          `${id}'s commit index went back from ${node.commitIndex} to ${commitIndex}`,
        );
      }
      if (lastApplied < node.lastApplied) {
        throw new InvariantBroken(
          `${id}'s applied index went back from ${node.lastApplied} to ${lastApplied}`,
        );
      }
      if (lastApplied > Math.min(commitIndex, durableIndex)) {
        throw new InvariantBroken(
          `${id} applied ${lastApplied} beyond commit ${commitIndex} or disk ${durableIndex}`,
        );
      }
      if (durableIndex > lastIndex) {
        throw new InvariantBroken(
          `${id} calls ${durableIndex} durable but its log ends at ${lastIndex}`,
        );
      }
      node.term = term;
      node.commitIndex = commitIndex;
      node.lastApplied = lastApplied;
      if (role !== "leader") return;
      const leader = leaders.get(term) ?? id;
      if (leader !== id) throw new InvariantBroken(`both ${leader} and ${id} lead in term ${term}`);
      leaders.set(term, id);
    },
    restarted(id, durableTerm) {
      const node = seen(id);
      node.term = durableTerm;
      node.commitIndex = node.lastApplied = node.count = 0;
    },
    applied(id, index, term, command) {
      const node = seen(id);
      const entry = `${index}/${term} ${command}`;
      const expected = history[node.count];
      if (expected === undefined) history.push(entry);
      else if (expected !== entry) {
        throw new InvariantBroken(`${id} applied ${entry} where another node applied ${expected}`);
      }
      node.count++;
    },
  };
}
