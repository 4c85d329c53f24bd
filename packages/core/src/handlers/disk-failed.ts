// A write has failed, and this node is about to end.
import { callSuccessor } from "../operations/transfer.js";
import type { State } from "../state/state.js";

/** Whoever leads next needs nothing of what failed: what is committed a majority has. */
export function onDiskFailed(state: State): void {
  if (state.role.kind === "leader") callSuccessor(state, state.role, "diskFailed");
}
