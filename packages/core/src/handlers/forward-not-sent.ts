// A forward that was certainly not sent.
import { reject, settle } from "../operations/proposal-outcomes.js";
import type { State } from "../state/state.js";

/** The transport is certain that this forward never left. */
export function onForwardNotSent(state: State, firstSeq: number): void {
  const forward = settle(state, firstSeq);
  if (forward) reject(state, firstSeq, forward.count, "notSent");
}
