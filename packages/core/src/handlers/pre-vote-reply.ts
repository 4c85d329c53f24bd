// An answer to this node's pre-vote.
import { countVotes } from "../operations/election.js";
import { memberOf } from "../operations/voters.js";
import type { PreVoteReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onPreVoteReply(state: State, from: Sender, message: PreVoteReply): void {
  const { role } = state;
  if (role.kind !== "candidate" || role.phase !== "preVote") return;
  if (!message.voteGranted || message.term !== state.currentTerm + 1 || !memberOf(state, from)) {
    return;
  }
  role.votes.add(from.id);
  countVotes(state, role);
}
