// Commitment (paper §5.3, §5.4.2): which entries are committed, and which of them may be applied.
import { InvariantViolation } from "../errors.js";
import type { Leader, State } from "../state/state.js";
import type { Index } from "../types.js";
import { emit } from "./emit.js";
import { reachedByQuorum } from "./voters.js";

export function advanceCommit(state: State, index: Index): void {
  if (index <= state.commitIndex) return;
  if (index > state.log.lastIndex) {
    throw new InvariantViolation(
      `commit index ${index} is beyond the log's end ${state.log.lastIndex}`,
    );
  }
  const { role } = state;
  if (role.kind === "leader") {
    role.uncommittedBytes -= state.log.bytesBetween(state.commitIndex, index);
  }
  state.commitIndex = index;
  emit(state, { type: "committed", commitIndex: index });
}

/**
 * The highest index that a majority has on disk, if it is of this term; earlier entries commit with
 * it (R18).
 */
export function commitOnQuorum(state: State, leader: Leader): void {
  if (state.commitIndex === state.log.lastIndex) return;
  const index = reachedByQuorum(
    state,
    state.durability.durableIndex,
    leader,
    (progress) => progress.matchIndex,
  );
  if (index <= state.commitIndex || state.log.term(index) !== state.currentTerm) return;
  advanceCommit(state, index);
}

/**
 * Hands over what is committed and durable here, in order, once: first a snapshot, where the
 * machine is behind the log's base.
 */
export function applyCommitted(state: State): void {
  const through = Math.min(state.commitIndex, state.durability.durableIndex);
  if (state.applyingIndex < state.log.base.index) {
    const { snapshot, log } = state;
    if (!snapshot || snapshot.index < log.base.index || snapshot.index > through) return;
    emit(state, { type: "restore", snapshot });
    state.applyingIndex = snapshot.index;
  }
  if (through <= state.applyingIndex) return;
  emit(state, {
    type: "apply",
    entries: state.log.slice(state.applyingIndex + 1, through, Infinity),
  });
  state.applyingIndex = through;
}
