// The kinds of message fields, each with its guard: a message that a reader refuses is invalid.
import type { CodecValue } from "../ports/codec.js";
import type {
  ForwardReply,
  InstallSnapshotReply,
  IntroductionVerdict,
  MembershipVerdict,
  TransferLeadershipReply,
} from "../protocol/messages.js";
import type { Configuration, EntryRun, Index, NodeId, Peer, Server, Term } from "../types.js";
import { areClocksRight } from "./clock.js";
import { configurationOf, configurationsIn } from "./configuration.js";
import { EntryKind, inspectEntries, TERM_MAX } from "./entry.js";
import { isValidAddress, isValidId, isValidIncarnation } from "./identifier-checks.js";
import { areIds, decodeVerdict, encodeVerdict } from "./membership-verdict.js";

/** In UTF-16 units. */
export const STATE_HASH_LENGTH_MAX = 128;

/** As they travel: by their place here. */
const VERDICTS: readonly ForwardReply["verdict"][] = [
  "accepted",
  "notLeader",
  "overloaded",
  "logFull",
  "diskFull",
  "transferring",
];

const INTRODUCTION_VERDICTS: readonly IntroductionVerdict[] = [
  "waiting",
  "member",
  "idTaken",
  "stillThere",
  "addressTaken",
  "otherCluster",
  "otherInstance",
  "notMember",
];

const OUTCOMES: readonly InstallSnapshotReply["outcome"][] = ["receiving", "damaged", "failed"];

const TRANSFER_VERDICTS: readonly TransferLeadershipReply["verdict"][] = [
  "accepted",
  "notLeader",
  "unknownServer",
  "notVoter",
  "noOtherVoter",
  "inProgress",
  "unreachable",
  "behind",
  "notElected",
];

/** The next field of a message, of one kind or another. */
export interface Fields {
  flag(): boolean;
  /** A safe integer from 0 on, or up to `max`. */
  count(max?: number): number;
  term(max?: Term): Term;
  stateHash(): string;
  verdict(): ForwardReply["verdict"];
  outcome(): InstallSnapshotReply["outcome"];
  transferVerdict(): TransferLeadershipReply["verdict"];
  /** Null: nobody in particular. */
  idOrNull(): NodeId | null;
  peers(): readonly Peer[];
  /** Null: nobody. */
  peer(): Peer | null;
  ids(): readonly NodeId[];
  address(): string;
  /** Of a cluster. */
  instance(orNone?: boolean): string;
  introductionVerdict(): IntroductionVerdict;
  membershipVerdict(): MembershipVerdict;
  configuration(): Configuration;
  /** The payload: what stands at `offset` of so many bytes; nothing only where there are none. */
  part(offset: number, bytes: number): Uint8Array;
  /** The payload: entries that can follow this one in the log of a leader of `term`. */
  entriesAfter(prevLogIndex: Index, prevLogTerm: Term, term: Term): readonly EntryRun[];
  /** The payload: commands of `term`, at least one. */
  commands(term: Term): EntryRun;
}

const NO_CONFIGURATION: Configuration = {
  clusterInstance: "",
  voters: [],
  learners: [],
  outgoing: [],
};

const NO_ENTRIES: EntryRun = { firstIndex: 0, count: 0, bytes: new Uint8Array(0) };

/** Reads what came in. Once a field is refused, what the later ones give means nothing. */
export class FieldReader implements Fields {
  readonly #header: readonly CodecValue[];
  readonly #payload: Uint8Array;
  #at: number;
  #payloadIsRead = false;
  #isRefused = false;

  /** @param at where in the header the first field stands */
  constructor(header: readonly CodecValue[], payload: Uint8Array, at: number) {
    this.#header = header;
    this.#payload = payload;
    this.#at = at;
  }

  /** Every field was right, and nothing is left over. */
  get isComplete(): boolean {
    return (
      !this.#isRefused &&
      this.#at === this.#header.length &&
      (this.#payloadIsRead || this.#payload.length === 0)
    );
  }

  flag(): boolean {
    const value = this.#header[this.#at++];
    return typeof value === "boolean" ? value : this.#refuse(false);
  }

  count(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#header[this.#at++];
    return isCount(value) && value <= max ? value : this.#refuse(0);
  }

  term(max: Term = TERM_MAX): Term {
    return this.count(max);
  }

  stateHash(): string {
    const value = this.#header[this.#at++];
    return typeof value === "string" && value.length > 0 && value.length <= STATE_HASH_LENGTH_MAX
      ? value
      : this.#refuse("");
  }

  verdict(): ForwardReply["verdict"] {
    return VERDICTS[this.count(VERDICTS.length - 1)] ?? "notLeader";
  }

  outcome(): InstallSnapshotReply["outcome"] {
    return OUTCOMES[this.count(OUTCOMES.length - 1)] ?? "failed";
  }

  transferVerdict(): TransferLeadershipReply["verdict"] {
    return TRANSFER_VERDICTS[this.count(TRANSFER_VERDICTS.length - 1)] ?? "notLeader";
  }

  idOrNull(): NodeId | null {
    const value = this.#header[this.#at++];
    return value === null || (typeof value === "string" && isValidId(value))
      ? value
      : this.#refuse(null);
  }

  configuration(): Configuration {
    const value = this.#header[this.#at++];
    const [clusterInstance, ...lists] = isArray(value) ? value : [];
    const [voters, learners, outgoing] = lists.slice(0, 3).map(servers);
    const [rejoining, ...more] = lists.slice(3);
    const found =
      more.length > 0 || (isArray(rejoining) && rejoining.length === 0)
        ? undefined
        : configurationOf(clusterInstance, voters, learners, outgoing, rejoining);
    return found ?? this.#refuse(NO_CONFIGURATION);
  }

  part(offset: number, bytes: number): Uint8Array {
    const data = this.#takePayload();
    const isPart = data.length > 0 ? offset + data.length <= bytes : bytes === 0;
    return isPart ? data : this.#refuse(data);
  }

  peers(): readonly Peer[] {
    const value = this.#header[this.#at++];
    const found: Peer[] = [];
    for (const pair of isArray(value) ? value : this.#refuse([])) {
      const peer = peerOf(pair);
      if (!peer) return this.#refuse([]);
      found.push(peer);
    }
    return found;
  }

  peer(): Peer | null {
    const value = this.#header[this.#at++];
    return value === null ? null : (peerOf(value) ?? this.#refuse(null));
  }

  ids(): readonly NodeId[] {
    const value = this.#header[this.#at++];
    return areIds(value) ? value : this.#refuse([]);
  }

  address(): string {
    const value = this.#header[this.#at++];
    return typeof value === "string" && isValidAddress(value) ? value : this.#refuse("");
  }

  instance(orNone = false): string {
    const value = this.#header[this.#at++];
    const isRight =
      typeof value === "string" && (isValidIncarnation(value) || (orNone && value === ""));
    return isRight ? value : this.#refuse("");
  }

  introductionVerdict(): IntroductionVerdict {
    return INTRODUCTION_VERDICTS[this.count(INTRODUCTION_VERDICTS.length - 1)] ?? "waiting";
  }

  membershipVerdict(): MembershipVerdict {
    return decodeVerdict(this.#header[this.#at++]) ?? this.#refuse({ type: "notLeader" });
  }

  entriesAfter(prevLogIndex: Index, prevLogTerm: Term, term: Term): readonly EntryRun[] {
    const bytes = this.#takePayload();
    if (bytes.length === 0) return [];
    const found = inspectEntries(bytes);
    if (
      !found ||
      found.firstTerm < prevLogTerm ||
      found.lastTerm > term ||
      !isCount(prevLogIndex + found.count)
    ) {
      return this.#refuse([]);
    }
    const run = { firstIndex: prevLogIndex + 1, count: found.count, bytes };
    const holds = (kind: EntryKind): boolean => (found.kinds & (1 << kind)) !== 0;
    if (holds(EntryKind.configuration) && !configurationsIn(run)) return this.#refuse([]);
    if (holds(EntryKind.clock) && !areClocksRight(run)) return this.#refuse([]);
    return [run];
  }

  commands(term: Term): EntryRun {
    const bytes = this.#takePayload();
    const found = inspectEntries(bytes);
    if (
      !found ||
      found.count === 0 ||
      found.firstTerm !== term ||
      found.lastTerm !== term ||
      found.kinds !== 1 << EntryKind.command
    ) {
      return this.#refuse(NO_ENTRIES);
    }
    return { firstIndex: 0, count: found.count, bytes };
  }

  #takePayload(): Uint8Array {
    this.#payloadIsRead = true;
    return this.#payload;
  }

  #refuse<T>(instead: T): T {
    this.#isRefused = true;
    return instead;
  }
}

/** How a field is written into a header. */
export type FieldWriter = (value: unknown) => CodecValue;

const asItIs: FieldWriter = (value) => value as CodecValue;

/**
 * Takes down which kinds of fields are asked for, in order: so that a reader tells how to write.
 */
export class FieldLister implements Fields {
  /** Null: that field is the payload. */
  readonly writers: (FieldWriter | null)[] = [];

  #list<T>(writer: FieldWriter | null, example: T): T {
    this.writers.push(writer);
    return example;
  }

  flag(): boolean {
    return this.#list(asItIs, false);
  }
  count(): number {
    return this.#list(asItIs, 0);
  }
  term(): Term {
    return this.#list(asItIs, 0);
  }
  stateHash(): string {
    return this.#list(asItIs, "");
  }
  verdict(): ForwardReply["verdict"] {
    const write: FieldWriter = (value) => VERDICTS.indexOf(value as ForwardReply["verdict"]);
    return this.#list(write, "accepted");
  }
  outcome(): InstallSnapshotReply["outcome"] {
    const write: FieldWriter = (value) =>
      OUTCOMES.indexOf(value as InstallSnapshotReply["outcome"]);
    return this.#list(write, "receiving");
  }
  transferVerdict(): TransferLeadershipReply["verdict"] {
    const write: FieldWriter = (value) =>
      TRANSFER_VERDICTS.indexOf(value as TransferLeadershipReply["verdict"]);
    return this.#list(write, "accepted");
  }
  idOrNull(): NodeId | null {
    return this.#list(asItIs, null);
  }
  configuration(): Configuration {
    const list = (all: readonly Server[]): CodecValue =>
      all.map(({ id, incarnation, address }) => [id, incarnation, address]);
    const write: FieldWriter = (value) => {
      const { clusterInstance, voters, learners, outgoing, rejoining } = value as Configuration;
      const lists = [clusterInstance, list(voters), list(learners), list(outgoing)];
      return rejoining ? [...lists, rejoining] : lists;
    };
    return this.#list(write, NO_CONFIGURATION);
  }
  part(): Uint8Array {
    return this.#list(null, new Uint8Array(0));
  }
  peers(): readonly Peer[] {
    const write: FieldWriter = (value) =>
      (value as readonly Peer[]).map(({ id, address }) => [id, address]);
    return this.#list(write, []);
  }
  peer(): Peer | null {
    const write: FieldWriter = (value) => {
      const peer = value as Peer | null;
      return peer && [peer.id, peer.address];
    };
    return this.#list<Peer | null>(write, null);
  }
  ids(): readonly NodeId[] {
    return this.#list(asItIs, []);
  }
  address(): string {
    return this.#list(asItIs, "");
  }
  instance(): string {
    return this.#list(asItIs, "");
  }
  introductionVerdict(): IntroductionVerdict {
    const write: FieldWriter = (value) =>
      INTRODUCTION_VERDICTS.indexOf(value as IntroductionVerdict);
    return this.#list(write, "waiting");
  }
  membershipVerdict(): MembershipVerdict {
    const write: FieldWriter = (value) => encodeVerdict(value as MembershipVerdict);
    return this.#list<MembershipVerdict>(write, { type: "notLeader" });
  }
  entriesAfter(): readonly EntryRun[] {
    return this.#list(null, []);
  }
  commands(): EntryRun {
    return this.#list(null, NO_ENTRIES);
  }
}

function peerOf(value: CodecValue | undefined): Peer | undefined {
  const [id, address, ...more] = isArray(value) ? value : [];
  const isPeer =
    typeof id === "string" &&
    isValidId(id) &&
    typeof address === "string" &&
    isValidAddress(address) &&
    more.length === 0;
  return isPeer ? { id, address } : undefined;
}

/** As `configurationOf` looks at them: undefined where it is no list of three fields each. */
function servers(value: CodecValue | undefined): unknown {
  if (!isArray(value)) return undefined;
  return value.map((one) => {
    const [id, incarnation, address, ...more] = isArray(one) ? one : [];
    return more.length > 0 ? undefined : { id, incarnation, address };
  });
}

function isArray(value: CodecValue | undefined): value is readonly CodecValue[] {
  return Array.isArray(value);
}

function isCount(value: CodecValue | undefined): value is number {
  return Number.isSafeInteger(value) && typeof value === "number" && value >= 0;
}
