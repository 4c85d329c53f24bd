// An answer to this node's candidacy.
import { noteVote } from "../operations/election.js";
import type { RequestVoteReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onRequestVoteReply(state: State, from: Sender, message: RequestVoteReply): void {
  const { role } = state;
  if (role.kind !== "candidate" || role.phase !== "election" || !message.voteGranted) return;
  noteVote(state, role, from);
}
