// A read of this node's users (thesis §6.4).
import { emit } from "../operations/emit.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";

export function onRead(state: State, id: number): void {
  if (state.role.kind === "leader") state.role.reads.waiting.push({ id, from: null });
  else if (leaderOf(state)) state.remoteReads.waiting.push(id);
  else emit(state, { type: "readRejected", id });
}
