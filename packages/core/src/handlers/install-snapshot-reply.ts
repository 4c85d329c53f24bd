// A follower has written a part of the snapshot that it is sent, or couldn't.
import { emit } from "../operations/emit.js";
import { failAttempt, noteWritten } from "../operations/install-sending.js";
import { progressOf } from "../operations/voters.js";
import type { InstallSnapshotReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onInstallSnapshotReply(
  state: State,
  from: Sender,
  message: InstallSnapshotReply,
): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = progressOf(state, leader, from);
  if (!progress) return;
  const { install } = progress;
  if (!install?.snapshot || message.attempt !== install.attempt) return;
  if (message.offset > install.snapshot.bytes) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  switch (message.outcome) {
    case "receiving":
      noteWritten(state, progress, install, message);
      break;
    case "damaged":
      // Perhaps it is this node's that is damaged: the next attempt is made with another one.
      install.badSnapshotId = install.snapshot.snapshotId;
      failAttempt(state, progress, install);
      break;
    case "failed":
      failAttempt(state, progress, install);
      break;
  }
}
