// Messages in words, for the list of messages and for who points at one.
import type { EntryRun, Message } from "@raftkit/core";
import { entriesOf } from "./log-copy.js";
import type { Flight } from "./world.js";

/** What a message belongs to, which gives it its colour and shape. */
export type MessageFamily = "vote" | "append" | "heartbeat" | "snapshot" | "other";

export function familyOf(message: Message): MessageFamily {
  switch (message.type) {
    case "preVote":
    case "preVoteReply":
    case "requestVote":
    case "requestVoteReply":
    case "timeoutNow":
      return "vote";
    case "appendEntries":
      return message.entries.length > 0 ? "append" : "heartbeat";
    case "appendEntriesReply":
      return "append";
    case "installSnapshot":
    case "installSnapshotReply":
      return "snapshot";
    default:
      return "other";
  }
}

export function isReply({ type }: Message): boolean {
  return type.endsWith("Reply") || type === "introduced";
}

/** Whether a reply says no. */
export function isRefusal(message: Message): boolean {
  switch (message.type) {
    case "preVoteReply":
    case "requestVoteReply":
      return !message.voteGranted;
    case "appendEntriesReply":
      return !message.success;
    default:
      return false;
  }
}

/** As in the paper, with a capital. */
export function nameOf({ type }: Message): string {
  return type.slice(0, 1).toUpperCase() + type.slice(1);
}

export function titleOf({ message, from, to }: Flight): string {
  return `${nameOf(message)} from ${from.id} to ${to}`;
}

const entriesText = (runs: readonly EntryRun[]): string => {
  const entries = runs.flatMap(entriesOf);
  if (entries.length === 0) return "no entries (a heartbeat)";
  return entries.map(({ index, term, text }) => `${index}: ${text} (term ${term})`).join(", ");
};

/** Its fields, in the order in which the paper has them. */
export function fieldsOf(message: Message): readonly (readonly [string, string])[] {
  const term = ["term", String(message.term)] as const;
  switch (message.type) {
    case "preVote":
    case "requestVote":
      return [
        term,
        ["lastLogIndex", String(message.lastLogIndex)],
        ["lastLogTerm", String(message.lastLogTerm)],
      ];
    case "preVoteReply":
    case "requestVoteReply":
      return [term, ["voteGranted", message.voteGranted ? "yes" : "no"]];
    case "appendEntries":
      return [
        term,
        ["prevLogIndex", String(message.prevLogIndex)],
        ["prevLogTerm", String(message.prevLogTerm)],
        ["entries", entriesText(message.entries)],
        ["leaderCommit", String(message.leaderCommit)],
      ];
    case "appendEntriesReply":
      return [
        term,
        ["success", message.success ? "yes" : "no"],
        message.success
          ? ["matchIndex", String(message.matchIndex)]
          : ["logs may agree up to", String(message.conflictIndex)],
      ];
    case "installSnapshot":
      return [
        term,
        ["lastIncludedIndex", String(message.lastIncludedIndex)],
        ["lastIncludedTerm", String(message.lastIncludedTerm)],
        ["offset", `${message.offset} of ${message.bytes} bytes`],
      ];
    case "installSnapshotReply":
      return [term, ["written", `${message.offset} bytes`]];
    case "forward":
      return [term, ["entries", entriesText([message.entries])]];
    case "forwardReply":
      return [term, ["verdict", message.verdict], ["index", String(message.firstIndex)]];
    case "changeMembershipReply":
      return [term, ["verdict", message.verdict.type]];
    case "transferLeadershipReply":
      return [term, ["verdict", message.verdict]];
    default:
      return [term];
  }
}
