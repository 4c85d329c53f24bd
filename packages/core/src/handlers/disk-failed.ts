// A write has failed, and this node is about to end.
import { callSuccessor } from "../operations/transfer.js";
import type { State } from "../state/state.js";

/** The next leader needs nothing of the failed write: a majority has what is committed. */
export function onDiskFailed(state: State): void {
  if (state.role.kind === "leader") callSuccessor(state, state.role, "diskFailed");
}
