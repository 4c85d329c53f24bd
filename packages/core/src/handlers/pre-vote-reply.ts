// An answer to this node's pre-vote.
import { noteVote } from "../operations/election.js";
import type { PreVoteReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onPreVoteReply(state: State, from: Sender, message: PreVoteReply): void {
  const { role } = state;
  if (role.kind !== "candidate" || role.phase !== "preVote") return;
  if (!message.voteGranted || message.term !== state.currentTerm + 1) return;
  noteVote(state, role, from);
}
