// The room on this node's disk. A leader without any refuses commands (leader-append.ts): what is left
// is for votes, no-ops and configurations. A follower goes on: a leader whose disk has room may need
// its acknowledgement for a majority, and a write beyond the reserve ends the storage, as any that
// fails.
import { emit } from "../operations/emit.js";
import type { State } from "../state/state.js";

export function onDiskSpace(state: State, isShort: boolean): void {
  if (state.isDiskFull === isShort) return;
  state.isDiskFull = isShort;
  emit(state, { type: "notice", notice: isShort ? "diskFull" : "diskHasRoom", peer: null });
}
