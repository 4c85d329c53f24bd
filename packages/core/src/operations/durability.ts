// What is on disk, as far as this node may promise it. Operations are staged during a turn and
// written as one persist; `persisted` is cumulative, and a truncation revokes what earlier writes
// would have made durable (docs/rules.md, promise 3).
import { isSameMember } from "../members.js";
import type { State } from "../state/state.js";
import type { Index } from "../types.js";

function hardStateChanged(state: State): boolean {
  const { currentTerm, votedFor } = state.durability.savedHardState;
  return state.currentTerm !== currentTerm || !isSameMember(state.votedFor, votedFor);
}

/**
 * The persist after which everything that this node has decided so far is durable. Promises wait
 * for it.
 */
export function promiseSeq(state: State): number {
  const { staged, lastSeq } = state.durability;
  return staged.length > 0 || hardStateChanged(state) ? lastSeq + 1 : lastSeq;
}

export function isDurable(state: State, seq: number): boolean {
  return state.durability.durableSeq >= seq;
}

/** Cuts the log; at once, nothing vouches for the cut entries any more. */
export function truncateFrom(state: State, index: Index): void {
  const { durability } = state;
  state.log.truncateFrom(index);
  durability.staged.push({ type: "truncateFrom", index });
  cutDurable(state, index - 1);
}

/** Beyond `lastIndex` nothing is durable any more, nor will be by a write that is under way. */
export function cutDurable({ durability }: State, lastIndex: Index): void {
  durability.durableIndex = Math.min(durability.durableIndex, lastIndex);
  for (const pending of durability.pending) {
    pending.lastIndex = Math.min(pending.lastIndex, lastIndex);
  }
}

/** Hands what was staged in this turn to the storage, as one write. */
export function persistStaged(state: State): void {
  const { durability } = state;
  if (promiseSeq(state) === durability.lastSeq) return;
  const operations = durability.staged;
  durability.staged = [];
  if (hardStateChanged(state)) {
    durability.savedHardState = { currentTerm: state.currentTerm, votedFor: state.votedFor };
    operations.unshift({ type: "hardState", hardState: durability.savedHardState });
  }
  durability.lastSeq++;
  durability.pending.push({
    seq: durability.lastSeq,
    term: state.currentTerm,
    lastIndex: state.log.lastIndex,
    startedAt: state.now,
  });
  state.effects.push({ type: "persist", seq: durability.lastSeq, operations });
}
