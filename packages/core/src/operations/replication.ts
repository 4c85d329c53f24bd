// Replication by a leader: each follower is sent what it lacks, within its window (paper §5.3).
// Entries are sent before the leader's own disk has them (thesis §10.2.1).
import { InvariantViolation } from "../errors.js";
import type { AppendEntries } from "../protocol/messages.js";
import type { Progress } from "../state/progress.js";
import { noteSent } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import type { EntryRun, Index } from "../types.js";
import { send } from "./emit.js";
import { leaseMs, noteRound } from "./lease.js";
import { LARGE_MESSAGE_BYTES } from "./link-speed.js";
import { mayFollow } from "./loss.js";
import { awaitsItsPlace } from "./membership.js";

/**
 * At the end of a turn: everyone gets what it lacks and has not been sent, within its window (R13).
 */
export function replicate(state: State, leader: Leader): void {
  for (const progress of leader.progress.values()) {
    if (awaitsItsPlace(state, progress.server)) continue;
    if (progress.awaitsCommit > progress.toldCommit && state.commitIndex > progress.toldCommit) {
      progress.due = true;
    }
    while (
      progress.mode === "replicate" &&
      progress.nextIndex > state.log.base.index &&
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
 * having overtaken what is still under way; where that was compacted, the beginning of all logs. A
 * probe names what it asks for.
 */
function previousIndex({ log, now }: State, progress: Progress, isHeartbeat: boolean): Index {
  const isProbe = progress.mode === "probe" && now >= progress.resumeAt;
  const index = !isHeartbeat || isProbe ? progress.nextIndex - 1 : progress.matchIndex;
  return index < log.base.index ? 0 : index;
}

function sendAppend(
  state: State,
  leader: Leader,
  progress: Progress,
  entries: readonly EntryRun[],
): void {
  const prevLogIndex = previousIndex(state, progress, entries.length === 0);
  const prevLogTerm = prevLogIndex === 0 ? 0 : state.log.term(prevLogIndex);
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
    leaseMs: leaseMs(state),
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

/** The next AppendEntries to everyone asks anew whether this node still leads. */
export function nextRound(state: State, leader: Leader): void {
  leader.round++;
  noteRound(state, leader);
  for (const progress of leader.progress.values()) progress.due = true;
}
