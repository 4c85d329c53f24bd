// Outcomes of proposals: rejected, answered, or unknown.
import type { RejectReason } from "../protocol/effects.js";
import type { State } from "../state/state.js";
import type { Sender, Term } from "../types.js";
import { emit } from "./emit.js";

export function reject(state: State, firstSeq: number, count: number, reason: RejectReason): void {
  if (count > 0) emit(state, { type: "rejected", firstSeq, count, reason });
}

export function settle(
  state: State,
  firstSeq: number,
):
  | { readonly count: number; readonly bytes: number; readonly to: Sender; readonly term: Term }
  | undefined {
  const forward = state.forwarded.outstanding.get(firstSeq);
  if (!forward) return undefined;
  state.forwarded.outstanding.delete(firstSeq);
  state.forwarded.bytes -= forward.bytes;
  return forward;
}

/** When the oldest forward without an answer is given up; the others are given up in its order. */
export function forwardDeadline({ forwarded }: State): number {
  if (forwarded.outstanding.size === 0) return Infinity;
  for (const { awaitedUntil } of forwarded.outstanding.values()) return awaitedUntil;
  return Infinity;
}

/** What was lost on the way must not hold its place in the window for the rest of a leadership. */
export function giveUpLostForwards(state: State): void {
  if (state.forwarded.outstanding.size === 0) return;
  for (const [firstSeq, { count, awaitedUntil }] of state.forwarded.outstanding) {
    if (awaitedUntil > state.now) return;
    settle(state, firstSeq);
    emit(state, { type: "unknown", firstSeq, count });
  }
}

/**
 * The term is over, and with it the leader that was to answer: whether it took them can't be known.
 */
export function giveUpForwards(state: State): void {
  const { forwarded } = state;
  for (const [firstSeq, { count }] of forwarded.outstanding) {
    emit(state, { type: "unknown", firstSeq, count });
  }
  forwarded.outstanding.clear();
  forwarded.bytes = 0;
}
