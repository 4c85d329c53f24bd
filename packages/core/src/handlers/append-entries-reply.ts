// A follower's answer: what it has, or where the logs may match (paper §5.3; R16).
import { emit } from "../operations/emit.js";
import { endInstallIfDone, requestInstall, resumeInstall } from "../operations/install-sending.js";
import { hasOvertaken, isLost, loseTrack, noteArrived, onLost } from "../operations/loss.js";
import { progressOf } from "../operations/voters.js";
import type { AppendEntriesReply } from "../protocol/messages.js";
import type { Progress } from "../state/progress.js";
import { acknowledge, endProbe, noteCatchUp, startProbe } from "../state/progress.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onAppendEntriesReply(
  state: State,
  from: Sender,
  message: AppendEntriesReply,
): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = progressOf(state, leader, from);
  if (!progress) return;
  if (
    message.matchIndex > message.verifiedIndex ||
    message.verifiedIndex > state.log.lastIndex ||
    message.round > leader.round
  ) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  const silentMs = state.now - progress.lastContactAt;
  progress.lastContactAt = state.now;
  noteArrived(progress, message, state.now);
  progress.round = Math.max(progress.round, message.round);
  if (message.promised) progress.promisedRound = Math.max(progress.promisedRound, message.round);
  acknowledge(progress, message.matchIndex, leader.round);
  noteCatchUp(progress, state.log.lastIndex, state.now);
  if (!message.success) onRefused(state, progress, from, message);
  else if (progress.mode === "probe") {
    if (message.verifiedIndex >= progress.nextIndex - 1 && state.now >= progress.resumeAt) {
      endProbe(progress, message.verifiedIndex, state.now);
    }
  } else if (isLost(progress, message)) onLost(state, progress);
  if (message.neededSnapshot > 0) requestInstall(progress, message.neededSnapshot);
  else endInstallIfDone(state, progress);
  if (silentMs >= state.options.electionTimeoutMs.max) resumeInstall(state, progress);
}

/**
 * Late refusals say nothing about the present (R16): only one of something unacknowledged counts,
 * and during a probe only the one that answers it.
 */
function onRefused(
  state: State,
  progress: Progress,
  from: Sender,
  message: AppendEntriesReply,
): void {
  const { prevLogIndex } = message;
  if (lacksWhatItAcknowledged(progress, message)) {
    onRolledBack(state, progress, from);
    return;
  }
  if (prevLogIndex <= progress.matchIndex || prevLogIndex >= progress.nextIndex) return;
  const isProbe = progress.mode === "probe";
  if (isProbe ? prevLogIndex !== progress.nextIndex - 1 : hasOvertaken(progress, message)) return;
  const conflictIndex = Math.min(message.conflictIndex, prevLogIndex - 1);
  // Below the base nothing can be compared: there a snapshot helps.
  const agreed =
    conflictIndex < state.log.base.index
      ? conflictIndex
      : state.log.lastIndexWithTermAtMost(conflictIndex, message.conflictTerm);
  const nextIndex = Math.max(agreed, message.verifiedIndex) + 1;
  if (isProbe) startProbe(progress, nextIndex);
  else loseTrack(state, progress, nextIndex);
}

/**
 * A late refusal may be of the time before the acknowledgement, and says nothing then. One that
 * names a later round than the one in which the acknowledgement came is a later word of the
 * follower, and in this term it can't have cut what it acknowledged: its entries are the leader's.
 */
function lacksWhatItAcknowledged(progress: Progress, message: AppendEntriesReply): boolean {
  return (
    message.round > progress.matchRound &&
    (message.prevLogIndex <= progress.matchIndex || message.conflictIndex < progress.matchIndex)
  );
}

/** It is sent no entries any more, only heartbeats: by the next one it stops, if it hasn't yet. */
function onRolledBack(state: State, progress: Progress, from: Sender): void {
  if (progress.mode === "replicate") startProbe(progress, progress.matchIndex + 1);
  progress.due = false;
  if (progress.rolledBackRun === from.run) return;
  progress.rolledBackRun = from.run;
  emit(state, { type: "notice", notice: "peerRolledBack", peer: from.id });
}
