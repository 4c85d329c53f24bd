// Membership changes that were sent to the leader and have no answer yet.
import type { State } from "../state/state.js";
import { emit } from "./emit.js";

/** When the oldest one is given up; the others follow in its order. */
export function changesDeadline({ pendingChanges }: State): number {
  if (pendingChanges.size === 0) return Infinity;
  for (const { awaitedUntil } of pendingChanges.values()) return awaitedUntil;
  return Infinity;
}

/** Lost on the way, perhaps: whether the leader took it isn't known, only its configuration tells. */
export function giveUpLateChanges(state: State): void {
  if (state.pendingChanges.size === 0) return;
  for (const [id, { awaitedUntil }] of state.pendingChanges) {
    if (awaitedUntil > state.now) return;
    giveUp(state, id);
  }
}

/** The term is over, and with it the leader that was to answer. */
export function giveUpChanges(state: State): void {
  for (const id of state.pendingChanges.keys()) giveUp(state, id);
}

function giveUp(state: State, id: number): void {
  state.pendingChanges.delete(id);
  emit(state, { type: "membershipVerdict", id, verdict: { type: "unknown" } });
}
