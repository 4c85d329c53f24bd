// Would this node vote for the sender? Changes no state (thesis §9.6).
import { isSameMember } from "../members.js";
import {
  isElecting,
  isInTouchWithLeader,
  isUpToDate,
  tellRefusal,
} from "../operations/election.js";
import { send } from "../operations/emit.js";
import type { VoteRefusal } from "../protocol/effects.js";
import type { PreVote } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onPreVote(state: State, from: Sender, message: PreVote): void {
  const refusal = refusalOf(state, from, message);
  if (refusal !== null) tellRefusal(state, from, message, refusal);
  send(state, from.id, {
    type: "preVoteReply",
    to: from.incarnation,
    term: refusal === null ? message.term : state.currentTerm,
    voteGranted: refusal === null,
  });
}

/** Null: the vote would be granted. */
function refusalOf(state: State, from: Sender, message: PreVote): VoteRefusal | null {
  const { currentTerm, votedFor } = state;
  if (message.term < currentTerm) return "staleTerm";
  if (isInTouchWithLeader(state)) return "leaderLive";
  const isFree = message.term > currentTerm || votedFor === null || isSameMember(votedFor, from);
  if (!isFree) return "alreadyVoted";
  if (isElecting(state)) return "electing";
  return isUpToDate(state, message.lastLogIndex, message.lastLogTerm) ? null : "logBehind";
}
