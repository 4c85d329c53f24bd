// The room on this node's disk. A leader without room refuses commands (leader-append.ts): the rest
// is for votes, no-ops and configurations. A follower continues: a leader whose disk has room may
// need its acknowledgement for a majority, and a write beyond the reserve ends the storage, like
// any failed write.
import { emit } from "../operations/emit.js";
import type { State } from "../state/state.js";

export function onDiskSpace(state: State, isShort: boolean): void {
  if (state.isDiskFull === isShort) return;
  state.isDiskFull = isShort;
  emit(state, { type: "notice", notice: isShort ? "diskFull" : "diskHasRoom", peer: null });
}
