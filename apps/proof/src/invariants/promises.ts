// A vote and an acknowledgement are promises: they leave only when the sender's disk holds what
// they promise, the term included (paper Figure 2: "updated on stable storage before responding to
// RPCs"; hazard 1). Looked at when a message leaves, against what the simulated disk holds at that
// moment.
import type { Member, Message } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import type { NodeView } from "./view.js";
import { isStored, nameOf } from "./view.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function promises(): Invariant {
  return {
    sending(node, to, message) {
      switch (message.type) {
        case "requestVote":
          return demandVote(node, node, message);
        case "requestVoteReply":
          return message.voteGranted
            ? demandVote(node, { id: to, incarnation: message.to }, message)
            : undefined;
        case "appendEntriesReply":
          return message.matchIndex > 0 ? demandEntries(node, message) : undefined;
        default:
          return undefined;
      }
    },
  };
}

function demandVote(
  { id, disk: { currentTerm, votedFor } }: NodeView,
  candidate: Member,
  { type, term }: Message,
): void {
  if (currentTerm > term || (currentTerm === term && isSameMember(votedFor, candidate))) return;
  throw new InvariantBroken(
    "promises",
    `${id} sends a ${type} of term ${term} with its vote for ${nameOf(candidate)}, but its disk has term ${currentTerm} and a vote for ${nameOf(votedFor)}`,
  );
}

function demandEntries(
  node: NodeView,
  { term, matchIndex }: Extract<Message, { readonly type: "appendEntriesReply" }>,
): void {
  const { id, log, disk } = node;
  if (disk.currentTerm < term) {
    throw new InvariantBroken(
      "promises",
      `${id} acknowledges up to ${matchIndex} in term ${term}, but its disk has term ${disk.currentTerm}`,
    );
  }
  if (log.chain(matchIndex) === 0 || !isStored(node, matchIndex, log.chain(matchIndex))) {
    throw new InvariantBroken(
      "promises",
      `${id} acknowledges up to ${matchIndex}, which its disk doesn't hold`,
    );
  }
}
