// A message as the trace has it: a number for the hash, a line for people. It knows nothing of how
// messages travel.
import type { Message } from "@raftkit/core";

/** What goes into the hash of a message besides its type and term. */
export function weightOf(message: Message): number {
  switch (message.type) {
    case "appendEntries":
      return (
        message.prevLogIndex * 31 +
        message.leaderCommit * 7 +
        message.round * 3 +
        message.entries.length
      );
    case "appendEntriesReply":
      return (
        message.matchIndex * 31 +
        message.verifiedIndex * 7 +
        message.round * 3 +
        (message.success ? 1 : 0)
      );
    case "preVote":
    case "requestVote":
      return message.lastLogIndex * 31 + message.lastLogTerm;
    case "preVoteReply":
    case "requestVoteReply":
      return message.voteGranted ? 1 : 0;
    case "installSnapshot":
      return message.lastIncludedIndex * 31 + message.attempt * 7 + message.offset;
    case "installSnapshotReply":
      return message.attempt * 31 + message.offset * 7 + message.outcome.length;
    case "forward":
      return message.firstSeq;
    case "forwardReply":
      return message.firstSeq * 31 + message.firstIndex;
    case "readIndex":
      return message.id;
    case "readIndexReply":
      return message.id * 31 + message.readIndex;
    case "bootstrapRequest":
      return message.voters.length;
    case "bootstrapReply":
      return message.blank ? 1 : 0;
    case "stateHash":
      return message.index;
    case "timeoutNow":
      return message.round;
    case "transferLeadership":
    case "transferLeadershipReply":
      return message.id;
    case "removed":
      return message.configurationIndex;
    case "introduce":
      return message.rejoin ? 1 : 0;
    case "introduced":
      return message.verdict.length;
    case "changeMembership":
      return message.id * 31 + message.expected;
    case "changeMembershipReply":
      return message.id * 31 + message.verdict.type.length;
  }
}

export function describe(message: Message): string {
  const { type, to: _, ...rest } = message;
  return `${type} ${Object.entries(rest)
    .map(([name, value]) => `${name} ${printed(value)}`)
    .join(", ")}`;
}

function printed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (typeof value === "object" && value !== null && "firstIndex" in value && "count" in value) {
    return `${String(value.count)} from ${String(value.firstIndex)}`;
  }
  return JSON.stringify(value) ?? "";
}
