// Messages to codec values and back: a positional array, and for entries the bytes beside it. What
// comes in is checked here, field by field, before anything looks at it; what fails is no message.
import type { CodecValue } from "../ports/codec.js";
import type { ForwardReply, Message } from "../protocol/messages.js";
import type { EntryRun, Index, Peer, Term } from "../types.js";
import { configurationsIn } from "./configuration.js";
import { EntryKind, inspectEntries, TERM_MAX } from "./entry.js";
import { isValidAddress, isValidId, isValidIncarnation } from "./identity.js";

/** In UTF-16 units. */
export const STATE_HASH_LENGTH_MAX = 128;

/** The header of a message, for the codec. */
export function messageHeader(m: Message): readonly CodecValue[] {
  switch (m.type) {
    case "preVote":
      return [0, m.to, m.term, m.lastLogIndex, m.lastLogTerm];
    case "preVoteReply":
      return [1, m.to, m.term, m.voteGranted];
    case "requestVote":
      return [2, m.to, m.term, m.lastLogIndex, m.lastLogTerm, m.transfer];
    case "requestVoteReply":
      return [3, m.to, m.term, m.voteGranted];
    case "appendEntries":
      return [
        4,
        m.to,
        m.term,
        m.prevLogIndex,
        m.prevLogTerm,
        m.leaderCommit,
        m.round,
        m.matchIndex,
      ];
    case "appendEntriesReply":
      return [
        5,
        m.to,
        m.term,
        m.round,
        m.success,
        m.matchIndex,
        m.verifiedIndex,
        m.prevLogIndex,
        m.conflictIndex,
        m.conflictTerm,
      ];
    case "forward":
      return [6, m.to, m.term, m.firstSeq];
    case "forwardReply":
      return [
        7,
        m.to,
        m.term,
        m.run,
        m.firstSeq,
        m.count,
        VERDICTS.indexOf(m.verdict),
        m.firstIndex,
        m.entryTerm,
      ];
    case "readIndex":
      return [8, m.to, m.term, m.id];
    case "readIndexReply":
      return [9, m.to, m.term, m.run, m.id, m.success, m.readIndex];
    case "bootstrapRequest":
      return [10, m.to, m.term, m.voters.map(({ id, address }) => [id, address])];
    case "bootstrapReply":
      return [11, m.to, m.term, m.run, m.blank, m.agrees];
    case "stateHash":
      return [12, m.to, m.term, m.index, m.hash, m.answer];
  }
}

/** The bytes that travel beside a message's header, uncopied. */
export function messagePayload(m: Message): readonly Uint8Array[] {
  if (m.type === "appendEntries") return m.entries.map((run) => run.bytes);
  return m.type === "forward" ? [m.entries.bytes] : [];
}

/** As they travel: by their place here. */
const VERDICTS: readonly ForwardReply["verdict"][] = [
  "accepted",
  "notLeader",
  "overloaded",
  "logFull",
];

const FIELD_COUNTS: readonly number[] = [5, 4, 6, 4, 8, 10, 4, 9, 4, 7, 4, 6, 6];

/**
 * @returns undefined for whatever no correct node sends. The message's entries are views of
 * `payload`.
 */
export function decodeMessage(header: CodecValue, payload: Uint8Array): Message | undefined {
  if (!isArray(header)) return undefined;
  const [code, to, term, a, b, c, d, e, f, g] = header;
  if (
    typeof code !== "number" ||
    FIELD_COUNTS[code] !== header.length ||
    typeof to !== "string" ||
    !isTerm(term)
  ) {
    return undefined;
  }
  if (code === 10 ? to !== "" : !isValidIncarnation(to)) return undefined;
  if (payload.length > 0 && code !== 4 && code !== 6) return undefined;
  switch (code) {
    case 0:
      return isCount(a) && isTerm(b)
        ? { type: "preVote", to, term, lastLogIndex: a, lastLogTerm: b }
        : undefined;
    case 1:
      return isBoolean(a) ? { type: "preVoteReply", to, term, voteGranted: a } : undefined;
    case 2:
      return isCount(a) && isTerm(b) && isBoolean(c)
        ? { type: "requestVote", to, term, lastLogIndex: a, lastLogTerm: b, transfer: c }
        : undefined;
    case 3:
      return isBoolean(a) ? { type: "requestVoteReply", to, term, voteGranted: a } : undefined;
    case 4: {
      if (!isCount(a) || !isTerm(b) || !isCount(c) || !isCount(d) || !isCount(e)) return undefined;
      if (b > term || e > a) return undefined;
      const entries = appendedRun(payload, a, b, term);
      return (
        entries && {
          type: "appendEntries",
          to,
          term,
          prevLogIndex: a,
          prevLogTerm: b,
          leaderCommit: c,
          round: d,
          matchIndex: e,
          entries,
        }
      );
    }
    case 5:
      return isCount(a) &&
        isBoolean(b) &&
        isCount(c) &&
        isCount(d) &&
        isCount(e) &&
        isCount(f) &&
        isTerm(g)
        ? {
            type: "appendEntriesReply",
            to,
            term,
            round: a,
            success: b,
            matchIndex: c,
            verifiedIndex: d,
            prevLogIndex: e,
            conflictIndex: f,
            conflictTerm: g,
          }
        : undefined;
    case 6: {
      const entries = isCount(a) ? forwardedRun(payload, term) : undefined;
      return isCount(a) && entries
        ? { type: "forward", to, term, firstSeq: a, entries }
        : undefined;
    }
    case 7: {
      const verdict = isCount(d) ? VERDICTS[d] : undefined;
      return isCount(a) && isCount(b) && isCount(c) && verdict && isCount(e) && isTerm(f)
        ? {
            type: "forwardReply",
            to,
            term,
            run: a,
            firstSeq: b,
            count: c,
            verdict,
            firstIndex: e,
            entryTerm: f,
          }
        : undefined;
    }
    case 8:
      return isCount(a) ? { type: "readIndex", to, term, id: a } : undefined;
    case 9:
      return isCount(a) && isCount(b) && isBoolean(c) && isCount(d)
        ? { type: "readIndexReply", to, term, run: a, id: b, success: c, readIndex: d }
        : undefined;
    case 10: {
      const voters = peers(a);
      return voters && { type: "bootstrapRequest", to, term, voters };
    }
    case 11:
      return isCount(a) && isBoolean(b) && isBoolean(c)
        ? { type: "bootstrapReply", to, term, run: a, blank: b, agrees: c }
        : undefined;
    case 12:
      return isCount(a) && isStateHash(b) && isBoolean(c)
        ? { type: "stateHash", to, term, index: a, hash: b, answer: c }
        : undefined;
    default:
      return undefined;
  }
}

function appendedRun(
  bytes: Uint8Array,
  prevLogIndex: Index,
  prevLogTerm: Term,
  term: Term,
): readonly EntryRun[] | undefined {
  if (bytes.length === 0) return [];
  const found = inspectEntries(bytes);
  if (
    !found ||
    found.firstTerm < prevLogTerm ||
    found.lastTerm > term ||
    !isCount(prevLogIndex + found.count)
  ) {
    return undefined;
  }
  const run = { firstIndex: prevLogIndex + 1, count: found.count, bytes };
  return (found.kinds & (1 << EntryKind.configuration)) === 0 || configurationsIn(run)
    ? [run]
    : undefined;
}

function forwardedRun(bytes: Uint8Array, term: Term): EntryRun | undefined {
  const found = inspectEntries(bytes);
  if (
    !found ||
    found.count === 0 ||
    found.firstTerm !== term ||
    found.lastTerm !== term ||
    found.kinds !== 1 << EntryKind.command
  ) {
    return undefined;
  }
  return { firstIndex: 0, count: found.count, bytes };
}

function peers(value: CodecValue | undefined): readonly Peer[] | undefined {
  if (!isArray(value)) return undefined;
  const found: Peer[] = [];
  for (const item of value) {
    if (!isArray(item) || item.length !== 2) return undefined;
    const [id, address] = item;
    if (
      typeof id !== "string" ||
      !isValidId(id) ||
      typeof address !== "string" ||
      !isValidAddress(address)
    ) {
      return undefined;
    }
    found.push({ id, address });
  }
  return found;
}

function isArray(value: CodecValue | undefined): value is readonly CodecValue[] {
  return Array.isArray(value);
}

function isCount(value: CodecValue | undefined): value is number {
  return Number.isSafeInteger(value) && typeof value === "number" && value >= 0;
}

function isTerm(value: CodecValue | undefined): value is Term {
  return isCount(value) && value <= TERM_MAX;
}

function isStateHash(value: CodecValue | undefined): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= STATE_HASH_LENGTH_MAX;
}

function isBoolean(value: CodecValue | undefined): value is boolean {
  return typeof value === "boolean";
}
