// What a leader does: sends each follower what it lacks, counts acknowledgements, commits (paper
// §5.3, §5.4.2), beats, and steps down when it can't lead any more. Entries leave before the own
// disk has them (thesis §10.2.1).
import { advanceCommit } from "../handlers/append-entries.js";
import { diskHangs } from "./durability.js";
import { InvariantViolation } from "../errors.js";
import { LARGE_MESSAGE_BYTES } from "./link.js";
import {
  hasOvertaken,
  isLost,
  loseTrack,
  mayFollow,
  noteArrived,
  noteOverdue,
  onLost,
} from "./loss.js";
import type { AppendEntries, AppendEntriesReply } from "../protocol/messages.js";
import type { Progress } from "../state/progress.js";
import {
  acknowledge,
  endProbe,
  nextRound,
  noteSent,
  ofVoters,
  startProbe,
} from "../state/progress.js";
import { majority, reachedByMajority } from "../quorum/majority.js";
import type { Leader, State } from "../state/state.js";
import { emit, send } from "../state/state.js";
import { becomeFollower } from "./transitions.js";
import type { EntryRun } from "../encoding/entry.js";
import type { Index, NodeId, Sender } from "../types.js";

export function onAppendEntriesReply(
  state: State,
  from: Sender,
  message: AppendEntriesReply,
): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = leader.progress.get(from.id);
  if (progress?.server.incarnation !== from.incarnation) {
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
    return;
  }
  if (
    message.matchIndex > message.verifiedIndex ||
    message.verifiedIndex > state.log.lastIndex ||
    message.round > leader.round
  ) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  progress.lastContactAt = state.now;
  noteArrived(progress, message, state.now);
  progress.round = Math.max(progress.round, message.round);
  acknowledge(progress, message.matchIndex, leader.round);
  state.turnOpen = true;
  if (!message.success) onRefused(state, progress, from, message);
  else if (progress.mode === "probe") {
    if (message.verifiedIndex >= progress.nextIndex - 1 && state.now >= progress.resumeAt) {
      endProbe(progress, message.verifiedIndex, state.now);
    }
  } else if (isLost(progress, message)) onLost(state, progress);
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
  const agreed = state.log.lastIndexWithTermAtMost(
    Math.min(message.conflictIndex, prevLogIndex - 1),
    message.conflictTerm,
  );
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

/**
 * The highest index that a majority has on disk, if it is of this term; earlier entries commit with
 * it (R18).
 */
export function commitOnQuorum(state: State, leader: Leader): void {
  if (state.commitIndex === state.log.lastIndex) return;
  const index = reachedByMajority(
    ofVoters(state, state.durability.durableIndex, leader, (progress) => progress.matchIndex),
  );
  if (index <= state.commitIndex || state.log.term(index) !== state.currentTerm) return;
  for (let i = state.commitIndex + 1; i <= index; i++) leader.uncommittedBytes -= state.log.size(i);
  advanceCommit(state, index);
}

/** Due every heartbeat interval: to all at once, whatever became of the last one (R12). */
export function onHeartbeatDue(state: State, leader: Leader): void {
  if (mustStepDown(state, leader)) {
    becomeFollower(state, null);
    return;
  }
  leader.heartbeatDeadline = state.now + state.options.heartbeatIntervalMs;
  nextRound(state, leader);
  for (const progress of leader.progress.values()) noteOverdue(state, progress, leader.round);
}

function mustStepDown(state: State, leader: Leader): boolean {
  const heardMajorityAt = reachedByMajority(
    ofVoters(state, state.now, leader, (progress) => progress.lastContactAt),
  );
  if (state.now - heardMajorityAt >= state.options.electionTimeoutMs.max) return true;
  if (!diskHangs(state)) return false;
  const ahead = [...leader.progress.values()].filter(
    (progress) => progress.matchIndex > state.durability.durableIndex,
  );
  return ahead.length >= majority(leader.progress.size + 1);
}

/**
 * At the end of a turn: everyone gets what it lacks and has not been sent, within its window (R13).
 */
export function replicate(state: State, leader: Leader): void {
  for (const progress of leader.progress.values()) {
    if (progress.awaitsCommit > progress.toldCommit && state.commitIndex > progress.toldCommit) {
      progress.due = true;
    }
    while (
      progress.mode === "replicate" &&
      progress.nextIndex <= state.log.lastIndex &&
      hasRoom(state, progress)
    ) {
      const entries = state.log.slice(
        progress.nextIndex,
        state.log.lastIndex,
        state.options.maxMessageBytes,
      );
      sendAppend(state, leader, progress, entries);
    }
    if (progress.due) sendAppend(state, leader, progress, []);
  }
}

function hasRoom(state: State, progress: Progress): boolean {
  return (
    progress.inflight.length < state.options.maxInflightMessages &&
    progress.inflightBytes < state.options.maxInflightBytes &&
    mayFollow(progress)
  );
}

/**
 * Without entries it is a heartbeat: it names what is acknowledged, so that it is never refused for
 * having overtaken what is still under way. A probe names what it asks for.
 */
function previousIndex(state: State, progress: Progress, isHeartbeat: boolean): Index {
  const isProbe = progress.mode === "probe" && state.now >= progress.resumeAt;
  if (!isHeartbeat || isProbe) return progress.nextIndex - 1;
  return Math.max(progress.matchIndex, state.log.base.index);
}

function sendAppend(
  state: State,
  leader: Leader,
  progress: Progress,
  entries: readonly EntryRun[],
): void {
  const prevLogIndex = previousIndex(state, progress, entries.length === 0);
  const prevLogTerm = state.log.term(prevLogIndex);
  if (prevLogTerm === undefined) {
    throw new InvariantViolation(
      `no entry ${prevLogIndex} to send from: the log begins after ${state.log.base.index}`,
    );
  }
  const message: AppendEntries = {
    type: "appendEntries",
    to: progress.server.incarnation,
    term: state.currentTerm,
    prevLogIndex,
    prevLogTerm,
    leaderCommit: state.commitIndex,
    round: leader.round,
    matchIndex: progress.matchIndex,
    entries,
  };
  send(state, progress.server.id, message);
  progress.toldCommit = state.commitIndex;
  let bytes = 0;
  let count = 0;
  for (const run of entries) {
    bytes += run.bytes.length;
    count += run.count;
  }
  // A round must not wait until a large message has crossed the link.
  if (bytes <= LARGE_MESSAGE_BYTES) progress.due = false;
  if (count > 0) {
    noteSent(progress, {
      prevLogIndex,
      lastIndex: prevLogIndex + count,
      bytes,
      sentAt: state.now,
    });
  }
}

/** The transport lost something on the way to this peer. */
export function onUnreachable(state: State, peer: NodeId): void {
  if (state.role.kind !== "leader") return;
  const progress = state.role.progress.get(peer);
  if (progress?.mode !== "replicate") return;
  loseTrack(state, progress, (progress.inflight[0]?.prevLogIndex ?? progress.matchIndex) + 1);
  // Nothing leaves before the next heartbeat: a dead peer makes no work.
  progress.due = false;
}
