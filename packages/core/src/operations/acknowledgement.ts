// A follower's answer to AppendEntries. An acknowledgement is a promise: it covers only what is
// verified against this leader in this term and durable.
import type { AppendEntries } from "../protocol/messages.js";
import type { Follower, State } from "../state/state.js";
import { neededSnapshotIndex } from "../state/state.js";
import type { Index, Sender } from "../types.js";
import { isDurable } from "./durability.js";
import { send } from "./emit.js";
import { promisesLease } from "./lease.js";
import { sendNewestHash } from "./send-state-hash.js";

function durableMatch(state: State, follower: Follower): Index {
  const { durableTerm, durableIndex } = state.durability;
  return durableTerm === state.currentTerm ? Math.min(follower.verifiedIndex, durableIndex) : 0;
}

/** At the end of a turn: one reply for all requests of the turn. */
export function acknowledgeLeader(state: State, follower: Follower): void {
  const { leader } = follower;
  if (!leader) return;
  if (follower.ackWhenSeq !== null && isDurable(state, follower.ackWhenSeq)) {
    follower.ackWhenSeq = null;
    follower.ackNow = true;
  }
  if (!follower.ackNow) return;
  follower.ackNow = false;
  send(state, leader.id, {
    type: "appendEntriesReply",
    to: leader.incarnation,
    term: state.currentTerm,
    round: follower.round,
    success: true,
    matchIndex: durableMatch(state, follower),
    verifiedIndex: follower.verifiedIndex,
    prevLogIndex: 0,
    conflictIndex: 0,
    conflictTerm: 0,
    neededSnapshot: neededSnapshotIndex(state),
    promised: promisesLease(state, follower),
  });
  sendNewestHash(state, leader);
}

/**
 * Says where the logs can agree at the latest, by term, so that few rounds bring them together
 * (R15; paper §5.3).
 */
export function refuseAppend(
  state: State,
  follower: Follower,
  from: Sender,
  message: AppendEntries,
): void {
  const conflictIndex = state.log.lastIndexWithTermAtMost(
    message.prevLogIndex,
    message.prevLogTerm,
  );
  send(state, from.id, {
    type: "appendEntriesReply",
    to: from.incarnation,
    term: state.currentTerm,
    round: follower.round,
    success: false,
    matchIndex: durableMatch(state, follower),
    verifiedIndex: follower.verifiedIndex,
    prevLogIndex: message.prevLogIndex,
    conflictIndex,
    conflictTerm: state.log.term(conflictIndex) ?? 0,
    neededSnapshot: neededSnapshotIndex(state),
    promised: promisesLease(state, follower),
  });
}
