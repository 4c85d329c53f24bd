// Messages to codec values and back: a positional array, with the bytes of entries beside it. One
// table lists the fields of each message, their order and their kinds: the encoder, the decoder and
// the guards all come from it. Incoming messages are checked here, field by field, before they are
// used; one that fails is invalid.
import type { CodecValue } from "../ports/codec.js";
import type { Message } from "../protocol/messages.js";
import type { Term } from "../types.js";
import type { Fields, FieldWriter } from "./fields.js";
import { FieldLister, FieldReader } from "./fields.js";
import { isValidIncarnation } from "./identifier-checks.js";

type MessageOf<T extends Message["type"]> = Extract<Message, { readonly type: T }>;
/** Takes a message's fields in the order in which they travel, behind its code, `to` and `term`. */
type Read<M extends Message> = (field: Fields, to: string, term: Term) => M;

const CRC_MAX = 0xffffffff;

/** Codes and the order of fields are what other nodes expect: add, never change. */
const TABLE: {
  readonly [T in Message["type"]]: readonly [code: number, read: Read<MessageOf<T>>];
} = {
  preVote: [
    0,
    (field, to, term) => ({
      type: "preVote",
      to,
      term,
      lastLogIndex: field.count(),
      lastLogTerm: field.term(),
      configurationIndex: field.count(),
    }),
  ],
  preVoteReply: [
    1,
    (field, to, term) => ({ type: "preVoteReply", to, term, voteGranted: field.flag() }),
  ],
  requestVote: [
    2,
    (field, to, term) => ({
      type: "requestVote",
      to,
      term,
      lastLogIndex: field.count(),
      lastLogTerm: field.term(),
      transfer: field.flag(),
      configurationIndex: field.count(),
    }),
  ],
  requestVoteReply: [
    3,
    (field, to, term) => ({ type: "requestVoteReply", to, term, voteGranted: field.flag() }),
  ],
  appendEntries: [
    4,
    (field, to, term) => {
      const prevLogIndex = field.count();
      const prevLogTerm = field.term(term);
      return {
        type: "appendEntries",
        to,
        term,
        prevLogIndex,
        prevLogTerm,
        leaderCommit: field.count(),
        round: field.count(),
        // Where that was compacted, the message names the beginning of all logs.
        matchIndex: prevLogIndex === 0 ? field.count() : field.count(prevLogIndex),
        leaseMs: field.count(),
        entries: field.entriesAfter(prevLogIndex, prevLogTerm, term),
      };
    },
  ],
  appendEntriesReply: [
    5,
    (field, to, term) => ({
      type: "appendEntriesReply",
      to,
      term,
      round: field.count(),
      success: field.flag(),
      matchIndex: field.count(),
      verifiedIndex: field.count(),
      prevLogIndex: field.count(),
      conflictIndex: field.count(),
      conflictTerm: field.term(),
      neededSnapshot: field.count(),
      promised: field.flag(),
    }),
  ],
  forward: [
    6,
    (field, to, term) => ({
      type: "forward",
      to,
      term,
      firstSeq: field.count(),
      entries: field.commands(term),
    }),
  ],
  forwardReply: [
    7,
    (field, to, term) => ({
      type: "forwardReply",
      to,
      term,
      run: field.count(),
      firstSeq: field.count(),
      count: field.count(),
      verdict: field.verdict(),
      firstIndex: field.count(),
      entryTerm: field.term(),
    }),
  ],
  readIndex: [
    8,
    (field, to, term) => ({
      type: "readIndex",
      to,
      term,
      id: field.count(),
      byLease: field.flag(),
    }),
  ],
  readIndexReply: [
    9,
    (field, to, term) => ({
      type: "readIndexReply",
      to,
      term,
      run: field.count(),
      id: field.count(),
      success: field.flag(),
      readIndex: field.count(),
    }),
  ],
  bootstrapRequest: [
    10,
    (field, to, term) => ({ type: "bootstrapRequest", to, term, voters: field.peers() }),
  ],
  bootstrapReply: [
    11,
    (field, to, term) => ({
      type: "bootstrapReply",
      to,
      term,
      run: field.count(),
      blank: field.flag(),
      agrees: field.flag(),
    }),
  ],
  stateHash: [
    12,
    (field, to, term) => ({
      type: "stateHash",
      to,
      term,
      index: field.count(),
      hash: field.stateHash(),
      answer: field.flag(),
    }),
  ],
  installSnapshot: [
    13,
    (field, to, term) => {
      const attempt = field.count();
      const lastIncludedIndex = field.count();
      const lastIncludedTerm = field.term(term);
      const configuration = field.configuration();
      const configurationIndex = field.count(lastIncludedIndex);
      const bytes = field.count();
      const crc = field.count(CRC_MAX);
      const offset = field.count(bytes);
      return {
        type: "installSnapshot",
        to,
        term,
        attempt,
        lastIncludedIndex,
        lastIncludedTerm,
        configuration,
        configurationIndex,
        bytes,
        crc,
        offset,
        data: field.part(offset, bytes),
      };
    },
  ],
  installSnapshotReply: [
    14,
    (field, to, term) => ({
      type: "installSnapshotReply",
      to,
      term,
      attempt: field.count(),
      offset: field.count(),
      outcome: field.outcome(),
    }),
  ],
  timeoutNow: [20, (field, to, term) => ({ type: "timeoutNow", to, term, round: field.count() })],
  transferLeadership: [
    21,
    (field, to, term) => ({
      type: "transferLeadership",
      to,
      term,
      id: field.count(),
      target: field.idOrNull(),
    }),
  ],
  transferLeadershipReply: [
    22,
    (field, to, term) => ({
      type: "transferLeadershipReply",
      to,
      term,
      run: field.count(),
      id: field.count(),
      verdict: field.transferVerdict(),
    }),
  ],
  removed: [
    15,
    (field, to, term) => ({ type: "removed", to, term, configurationIndex: field.count() }),
  ],
  introduce: [
    16,
    (field, to, term) => ({
      type: "introduce",
      to,
      term,
      address: field.address(),
      rejoin: field.flag(),
      clusterInstance: field.instance(true),
    }),
  ],
  introduced: [
    17,
    (field, to, term) => ({
      type: "introduced",
      to,
      term,
      leader: field.peer(),
      clusterInstance: field.instance(),
      verdict: field.introductionVerdict(),
    }),
  ],
  changeMembership: [
    18,
    (field, to, term) => ({
      type: "changeMembership",
      to,
      term,
      id: field.count(),
      expected: field.count(),
      voters: field.ids(),
      learners: field.ids(),
    }),
  ],
  changeMembershipReply: [
    19,
    (field, to, term) => ({
      type: "changeMembershipReply",
      to,
      term,
      run: field.count(),
      id: field.count(),
      verdict: field.membershipVerdict(),
    }),
  ],
};

/** A field in a message's header. */
interface Column {
  readonly name: string;
  readonly write: FieldWriter;
}

/** A message's own fields, as its reader takes them: it puts them into the object in that order. */
function columnsOf(read: Read<Message>): readonly Column[] {
  const list = new FieldLister();
  const { type: _, to: __, term: ___, ...fields } = read(list, "", 0);
  return Object.keys(fields).flatMap((name, i) => {
    const write = list.writers[i];
    return write ? [{ name, write }] : [];
  });
}

const BY_CODE: ReadonlyMap<number, Read<Message>> = new Map<number, Read<Message>>(
  Object.values(TABLE),
);
const COLUMNS: ReadonlyMap<number, readonly Column[]> = new Map(
  Object.values(TABLE).map(([code, read]) => [code, columnsOf(read)]),
);

/** The header of a message, for the codec. */
export function messageHeader(message: Message): readonly CodecValue[] {
  const [code] = TABLE[message.type];
  const header: CodecValue[] = [code, message.to, message.term];
  const values: object = message;
  for (const { name, write } of COLUMNS.get(code) ?? []) {
    header.push(write((values as Record<string, unknown>)[name]));
  }
  return header;
}

/** The bytes that travel beside a message's header, uncopied. */
export function messagePayload(message: Message): readonly Uint8Array[] {
  if (message.type === "appendEntries") return message.entries.map((run) => run.bytes);
  if (message.type === "installSnapshot") return message.data.length > 0 ? [message.data] : [];
  return message.type === "forward" ? [message.entries.bytes] : [];
}

/**
 * @returns undefined for whatever no correct node sends. The message's entries are views of
 * `payload`.
 */
export function decodeMessage(header: CodecValue, payload: Uint8Array): Message | undefined {
  if (!isArray(header)) return undefined;
  const [code, to] = header;
  const read = typeof code === "number" ? BY_CODE.get(code) : undefined;
  if (!read || typeof to !== "string") return undefined;
  const field = new FieldReader(header, payload, 2);
  const message = read(field, to, field.term());
  const isAddressed = isForAnyone(message) ? to === "" : isValidIncarnation(to);
  return isAddressed && field.isComplete ? message : undefined;
}

/** Sent to an unknown incarnation. */
function isForAnyone({ type }: Message): boolean {
  return type === "bootstrapRequest" || type === "introduce";
}

function isArray(value: CodecValue): value is readonly CodecValue[] {
  return Array.isArray(value);
}
