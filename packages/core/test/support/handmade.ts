// Messages made by hand from a golden file's fields: what a stranger, a stale copy or a faulty node
// might send.
import type { EntryRun, Message } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import { configurationOf } from "./cluster.js";
import type { Fields } from "./golden-fields.js";
import { numberOf, parseTerms } from "./golden-fields.js";

/** One run per term, as a leader would send several. */
function entriesFrom(firstIndex: number, terms: readonly number[]): readonly EntryRun[] {
  const runs = terms.map((term, i) =>
    encodeRun(firstIndex + i, term, EntryKind.command, [new Uint8Array([term])]),
  );
  if (runs.length === 0) return [];
  const bytes = new Uint8Array(runs.reduce((sum, run) => sum + run.bytes.length, 0));
  let at = 0;
  for (const run of runs) {
    bytes.set(run.bytes, at);
    at += run.bytes.length;
  }
  return [{ firstIndex, count: runs.length, bytes }];
}

export function handmade(type: string, to: string, fields: Fields): Message {
  const number = (name: string): number => numberOf(fields, name) ?? 0;
  const place = (name: string): [number, number] => {
    const [index, term] = (fields.get(name) ?? "0/0").split("/").map(Number);
    return [index ?? 0, term ?? 0];
  };
  const term = number("term");
  switch (type) {
    case "preVote":
      return {
        type,
        to,
        term,
        lastLogIndex: place("last")[0],
        lastLogTerm: place("last")[1],
        configurationIndex: numberOf(fields, "configuration") ?? 1,
      };
    case "requestVote":
      return {
        type,
        to,
        term,
        lastLogIndex: place("last")[0],
        lastLogTerm: place("last")[1],
        transfer: fields.has("transfer"),
        configurationIndex: numberOf(fields, "configuration") ?? 1,
      };
    case "preVoteReply":
    case "requestVoteReply":
      return { type, to, term, voteGranted: fields.get("granted") === "true" };
    case "appendEntries": {
      const [prevLogIndex, prevLogTerm] = place("prev");
      return {
        type,
        to,
        term,
        prevLogIndex,
        prevLogTerm,
        leaderCommit: number("commit"),
        round: number("round"),
        matchIndex: number("match"),
        leaseMs: number("lease"),
        entries: entriesFrom(prevLogIndex + 1, parseTerms(fields.get("entries") ?? "")),
      };
    }
    case "appendEntriesReply": {
      const [conflictIndex, conflictTerm] = place("conflict");
      return {
        type,
        to,
        term,
        round: number("round"),
        success: fields.get("success") === "true",
        matchIndex: number("match"),
        verifiedIndex: number("verified"),
        prevLogIndex: number("prev"),
        conflictIndex,
        conflictTerm,
        neededSnapshot: number("needed"),
        promised: fields.get("promised") === "true",
      };
    }
    case "installSnapshot": {
      const [lastIncludedIndex, lastIncludedTerm] = place("last");
      const data = new TextEncoder().encode(fields.get("data") ?? "");
      return {
        type,
        to,
        term,
        attempt: number("attempt"),
        lastIncludedIndex,
        lastIncludedTerm,
        configuration: configurationOf(["n1", "n2", "n3"]),
        configurationIndex: 1,
        bytes: fields.has("bytes") ? number("bytes") : data.length,
        crc: number("crc"),
        offset: number("offset"),
        data,
      };
    }
    case "installSnapshotReply":
      return {
        type,
        to,
        term,
        attempt: number("attempt"),
        offset: number("offset"),
        outcome: (fields.get("outcome") ?? "receiving") as "receiving",
      };
    case "forward": {
      const count = numberOf(fields, "count") ?? 1;
      return {
        type,
        to,
        term,
        firstSeq: number("seq"),
        entries: encodeRun(
          0,
          term,
          EntryKind.command,
          Array.from({ length: count }, () => new Uint8Array([7])),
        ),
      };
    }
    case "forwardReply": {
      const accepted = fields.has("index");
      return {
        type,
        to,
        term,
        run: number("asker"),
        firstSeq: number("seq"),
        count: number("count"),
        verdict: accepted ? "accepted" : "notLeader",
        firstIndex: number("index"),
        entryTerm: accepted ? term : 0,
      };
    }
    case "bootstrapReply":
      return {
        type,
        to,
        term,
        run: number("asker"),
        blank: fields.get("blank") === "true",
        agrees: true,
      };
    case "readIndex":
      return { type, to, term, id: number("id"), byLease: fields.has("lease") };
    case "readIndexReply":
      return {
        type,
        to,
        term,
        run: number("run"),
        id: number("id"),
        success: fields.get("success") === "true",
        readIndex: number("index"),
      };
    default:
      return handmadeChange(type, to, fields);
  }
}

/** What members say to each other about transfers and members. */
function handmadeChange(type: string, to: string, fields: Fields): Message {
  const number = (name: string): number => numberOf(fields, name) ?? 0;
  const term = number("term");
  switch (type) {
    case "timeoutNow":
      return { type, to, term, round: number("round") };
    case "transferLeadership":
      return { type, to, term, id: number("id"), target: fields.get("target") ?? null };
    case "transferLeadershipReply":
      return {
        type,
        to,
        term,
        run: number("asker"),
        id: number("id"),
        verdict: (fields.get("verdict") ?? "accepted") as "accepted",
      };
    case "removed":
      return { type, to, term, configurationIndex: number("configuration") };
    case "introduce":
      return {
        type,
        to: "",
        term,
        address: fields.get("address") ?? "",
        rejoin: fields.has("rejoin"),
        clusterInstance: fields.get("instance") ?? "",
      };
    default:
      throw new Error(`can't make a ${type}`);
  }
}
