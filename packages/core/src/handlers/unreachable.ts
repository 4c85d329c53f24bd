// The transport lost frames for a peer.
import { loseTrack } from "../operations/loss.js";
import type { State } from "../state/state.js";
import type { NodeId } from "../types.js";

/** The transport lost something on the way to this peer. */
export function onUnreachable(state: State, peer: NodeId): void {
  if (state.role.kind !== "leader") return;
  const progress = state.role.progress.get(peer);
  if (progress?.mode !== "replicate") return;
  loseTrack(state, progress, (progress.inflight[0]?.prevLogIndex ?? progress.matchIndex) + 1);
  // Nothing leaves before the next heartbeat: a dead peer makes no work.
  progress.due = false;
}
