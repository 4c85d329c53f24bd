// An answer to this node's candidacy.
import { countVotes } from "../operations/election.js";
import { memberOf } from "../operations/voters.js";
import type { RequestVoteReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onRequestVoteReply(state: State, from: Sender, message: RequestVoteReply): void {
  const { role } = state;
  if (
    role.kind !== "candidate" ||
    role.phase !== "election" ||
    !message.voteGranted ||
    !memberOf(state, from)
  ) {
    return;
  }
  role.votes.add(from.id);
  countVotes(state, role);
}
