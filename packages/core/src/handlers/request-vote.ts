// Votes (paper §5.2, §5.4.1).
import { isSameMember } from "../members.js";
import { promiseSeq } from "../operations/durability.js";
import { isUpToDate, tellRefusal } from "../operations/election.js";
import { send } from "../operations/emit.js";
import { resetElectionTimer } from "../operations/timers.js";
import { becomeFollower } from "../operations/transitions.js";
import type { RequestVote } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

/** The request's term is this node's: an earlier one was refused, a later one adopted. */
export function onRequestVote(state: State, from: Sender, message: RequestVote): void {
  const isFree = state.votedFor === null || isSameMember(state.votedFor, from);
  if (!isFree || !isUpToDate(state, message.lastLogIndex, message.lastLogTerm)) {
    tellRefusal(state, from, message, isFree ? "logBehind" : "alreadyVoted");
    send(state, from.id, {
      type: "requestVoteReply",
      to: from.incarnation,
      term: state.currentTerm,
      voteGranted: false,
    });
    return;
  }
  // Granting a vote ends our own candidacy.
  if (state.role.kind === "candidate") becomeFollower(state, null);
  state.votedFor = { id: from.id, incarnation: from.incarnation };
  state.grantedVote = { to: from, term: state.currentTerm, seq: promiseSeq(state) };
  resetElectionTimer(state);
}
