// What was seen of one data directory, as the invariants want it: what is in the memory of the node
// that uses it, what is on its disk, and what its present run said.
import type { Member } from "@raftkit/core";
import type { FaultRole } from "../plans/plan.js";
import type { NodeView } from "../invariants/view.js";
import type { StoredState } from "./ledger.js";
import { copyState, createStoredState } from "./ledger.js";

export interface View extends NodeView {
  isWiped: boolean;
  role: FaultRole;
  currentTerm: number;
  votedFor: Member | null;
  commitIndex: number;
  lastApplied: number;
  stateHash: number;
}

/** One data directory. */
export interface ObservedNode {
  readonly view: View;
  readonly memory: StoredState;
  /** Where the entries of the last term in its log begin. */
  termStart: number;
  /** What the present run said last: the view's own are put together so that they can't go back. */
  said: { readonly term: number; readonly commitIndex: number };
  /** What the invariants were shown of the present run last; undefined: nothing yet. */
  shown: Pick<NodeView, "role" | "currentTerm" | "votedFor"> | undefined;
}

export function createObservedNode(
  id: string,
  incarnation: string,
  durable: StoredState,
): ObservedNode {
  const memory = createStoredState();
  return {
    memory,
    termStart: 0,
    said: { term: 0, commitIndex: 0 },
    shown: undefined,
    view: {
      id,
      incarnation,
      isWiped: false,
      role: "follower",
      currentTerm: 0,
      votedFor: null,
      commitIndex: 0,
      lastApplied: 0,
      stateHash: 0,
      log: memory.log,
      disk: durable,
    },
  };
}

/** A run begins: it knows what its disk holds, and nothing else. */
export function beginRun(found: ObservedNode, durable: StoredState, emptyStateHash: number): void {
  const { view, memory } = found;
  copyState(memory, durable);
  found.said = { term: 0, commitIndex: 0 };
  found.shown = undefined;
  Object.assign(view, {
    role: "follower",
    currentTerm: memory.currentTerm,
    votedFor: memory.votedFor,
    commitIndex: 0,
    lastApplied: 0,
    stateHash: emptyStateHash,
  });
}
