// Reads on a node that isn't the leader: one request to the leader at a time, for all of them.
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import type { Sender } from "../types.js";
import { emit, send } from "./emit.js";

/** At the end of a turn: asks the leader, one question at a time for all who wait. */
export function askLeader(state: State): void {
  const leader = leaderOf(state);
  const { remoteReads } = state;
  if (!leader || remoteReads.asked || remoteReads.waiting.length === 0) return;
  remoteReads.lastId++;
  remoteReads.asked = { id: remoteReads.lastId, readers: remoteReads.waiting, resendAt: 0 };
  remoteReads.waiting = [];
  sendQuestion(state, leader);
}

/** The question or its answer was lost, perhaps: asking twice does no harm. */
export function sendQuestion(state: State, leader: Sender): void {
  const { asked } = state.remoteReads;
  if (!asked) return;
  asked.resendAt = state.now + 2 * state.options.heartbeatIntervalMs;
  send(state, leader.id, {
    type: "readIndex",
    to: leader.incarnation,
    term: state.currentTerm,
    id: asked.id,
    byLease: asked.readers.every(({ byLease }) => byLease),
  });
}

/** The leader that was to answer isn't this node's leader any more. */
export function rejectRemoteReads(state: State): void {
  const { remoteReads } = state;
  for (const { id } of [...(remoteReads.asked?.readers ?? []), ...remoteReads.waiting]) {
    emit(state, { type: "readRejected", id });
  }
  remoteReads.asked = null;
  remoteReads.waiting = [];
}
