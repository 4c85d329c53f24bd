// A read of this node's users (thesis §6.4).
import { emit } from "../operations/emit.js";
import { answersByLease } from "../operations/lease.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";

export function onRead(state: State, id: number, byLease: boolean): void {
  const { role } = state;
  if (role.kind === "leader") {
    if (byLease && answersByLease(state, role, null)) {
      emit(state, { type: "readReady", id, index: state.commitIndex });
    } else role.reads.waiting.push({ id, from: null });
  } else if (leaderOf(state)) state.remoteReads.waiting.push({ id, byLease });
  else emit(state, { type: "readRejected", id });
}
