// Would this node vote for the sender? Changes no state (thesis §9.6).
import { isSameMember } from "../members.js";
import { isElecting, isInTouchWithLeader, isUpToDate } from "../operations/election.js";
import { send } from "../operations/emit.js";
import type { PreVote } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onPreVote(state: State, from: Sender, message: PreVote): void {
  const isFree =
    message.term > state.currentTerm ||
    (message.term === state.currentTerm &&
      (state.votedFor === null || isSameMember(state.votedFor, from)));
  const voteGranted =
    isFree &&
    !isInTouchWithLeader(state) &&
    !isElecting(state) &&
    isUpToDate(state, message.lastLogIndex, message.lastLogTerm);
  send(state, from.id, {
    type: "preVoteReply",
    to: from.incarnation,
    term: voteGranted ? message.term : state.currentTerm,
    voteGranted,
  });
}
