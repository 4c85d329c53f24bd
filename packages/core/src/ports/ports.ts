// The ports: everything that Raft needs from the outside world, and nothing else. Adapters
// implement these interfaces. They say what is promised in both directions; `@raftkit/core` itself
// performs no I/O. The suites of `@raftkit/conformance` hold adapters to these words and to nothing
// else.
import type { EntryRun } from "../encoding/entry.js";
import type { RaftkitError } from "../errors.js";
import type { Configuration, HardState, Index, NodeId, Peer, Sender, Term } from "../types.js";

// ---- log storage --------------------------------------------------------------------------------

/**
 * One change of the stored state. `write` takes several and makes them durable together, in order.
 */
export type LogOperation =
  | { readonly type: "hardState"; readonly hardState: HardState }
  /**
   * Entries behind the last one stored; the run's `firstIndex` is the last index + 1. They are kept
   * bit by bit, with or without data.
   */
  | { readonly type: "append"; readonly run: EntryRun }
  /** Removes the entry at `index` and all after it. */
  | { readonly type: "truncateFrom"; readonly index: Index }
  /** Removes the entries up to and including `index` (they are in a snapshot), which had `term`. */
  | { readonly type: "compactThrough"; readonly index: Index; readonly term: Term }
  /**
   * Removes all entries: the log goes on after `index`, which had `term` (a snapshot was
   * installed).
   */
  | { readonly type: "resetTo"; readonly index: Index; readonly term: Term };

/**
 * Whose log it is. A storage that holds another's refuses to open: that changes nothing and counts
 * as no run.
 */
export interface StorageIdentity {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** The codec's name: entries written with one can't be read with another. */
  readonly codec: string;
}

/** What `open` found. It stays as it is, whatever the storage does afterwards. */
export interface OpenedLog {
  /**
   * Random, drawn when the storage was created, the same ever after: 16 to 64 characters of
   * `[A-Za-z0-9_-]`.
   */
  readonly incarnation: string;
  /**
   * Numbers the openings, from 1 up, durably: higher than that of every opening before. A number
   * never comes twice, not even when an old copy of the data is put back: where that can happen it
   * is the larger of the last one plus 1 and the wall clock's milliseconds since 1970. A safe
   * integer below 2⁴⁸.
   */
  readonly run: number;
  /** The last index and term removed by `compactThrough` or `resetTo`; both 0 at first. */
  readonly base: { readonly index: Index; readonly term: Term };
  /** `{ currentTerm: 0, votedFor: null }` at first. */
  readonly hardState: HardState;
  /** All entries after `base`, in order, without a gap. What is returned is durable. */
  readonly entries: readonly EntryRun[];
}

export interface LogStorage {
  /**
   * Called once, first. Rejects with a `RaftkitError` that says what is wrong and what to do;
   * overwrites nothing then, and holds nothing. It rejects while another storage has the same data
   * open, if the medium can tell, and when the data is damaged: only what looks like an interrupted
   * last write is dropped. What was never written is never returned. After a crash at any moment,
   * also within `open`, it opens again.
   */
  open(identity: StorageIdentity): Promise<OpenedLog>;
  /**
   * Carries out the operations in order, atomically (after a crash: all or none), durable when
   * resolved. There may be none. An operation that doesn't fit the log (a gap, an overlap, an index
   * that isn't there, a run whose bytes are not its entries) is refused together with all others of
   * its write; `checkedNextLogState` tells. Never called concurrently. Rejects before `open` and
   * after `close`. When it rejects the storage is unusable: every later write rejects too, the node
   * stops, and nothing is retried; a storage that is opened later finds the log as before that
   * write or as after it. The caller may change what it passed once it resolved; the bytes of a run
   * never change.
   */
  write(operations: readonly LogOperation[]): Promise<void>;
  /**
   * Releases everything held; a write under way is waited for. At any time: without `open`, after a
   * failure, twice or at once.
   */
  close(): Promise<void>;
}

// ---- snapshot storage ---------------------------------------------------------------------------

export interface SnapshotMeta {
  /** Chosen by the storage, never for two snapshots, also after one was removed. */
  readonly snapshotId: string;
  /** These three as `create` got them. */
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
  /** How long the data is; 0 is a length. */
  readonly bytes: number;
  /**
   * CRC-32 (IEEE 802.3) of the data, unsigned: who receives or opens a snapshot checks the data
   * against it.
   */
  readonly crc: number;
}

/**
 * A snapshot being written: nothing of it is visible before `commit` resolved. Several may be
 * written at once. After `commit` or `abort` the sink is at its end: `write` and `commit` reject.
 */
export interface SnapshotSink {
  /** The caller may change `data` once it resolved. */
  write(data: Uint8Array): Promise<void>;
  /**
   * Whole and durable when resolved. May reject when there is one at a higher index by now; it
   * never takes that one's place. When anything fails, here or in `write`, it rejects, and the
   * newest snapshot before stays.
   */
  commit(): Promise<SnapshotMeta>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** Keeps the newest snapshot, whatever happens, and of the others those that are being read. */
export interface SnapshotStorage {
  /**
   * Called once, first. The snapshot with the highest index of those that were committed, whole and
   * durable; as `commit` said it.
   */
  open(): Promise<SnapshotMeta | undefined>;
  /**
   * Up to `maxBytes` from `offset`, at least one unless that is the end; `done` with the last byte.
   * The data is the caller's. The snapshot stays readable from somebody's first read to `done`, by
   * several at once. Rejects with a `RaftkitError` for a snapshot that isn't there and an offset
   * behind the end. Bytes that were damaged on the medium may be given: `crc` tells.
   */
  read(
    snapshotId: string,
    offset: number,
    maxBytes: number,
  ): Promise<{ readonly data: Uint8Array; readonly done: boolean }>;
  create(snapshot: {
    readonly index: Index;
    readonly term: Term;
    readonly configuration: Configuration;
  }): Promise<SnapshotSink>;
  /**
   * Releases everything held; what was not committed is gone. At any time: without `open`, with a
   * sink open, twice.
   */
  close(): Promise<void>;
}

// ---- transport ----------------------------------------------------------------------------------

/** What a transport says of its own node to the others when it introduces itself. */
export interface LocalNode extends Sender {
  readonly clusterId: string;
  /** Where the others reach this node, in the transport's notation. It listens there. */
  readonly address: string;
  readonly codec: string;
}

/** Its methods don't throw, and may call those of the transport. */
export interface TransportHandler {
  /**
   * A whole, unaltered frame from a node of this cluster with this codec; `from` is what that
   * node's own `start` got. The receiver owns the bytes, and may write over them: the transport
   * never touches them again, and nobody else has them.
   */
  receive(from: Sender, frame: Uint8Array): void;
  /**
   * Frames for this peer were lost or can't be delivered now: it is down, cut off (also by its
   * `disconnect`), silent, or its queue is full. May be called often; it is a hint.
   */
  unreachable(to: NodeId): void;
  /**
   * Somebody was turned away (another cluster, version, codec; rubbish), or turned this node away:
   * of two nodes that don't belong together at least one is told. For the log.
   */
  rejected(error: RaftkitError): void;
}

/**
 * Carries frames, each whole or not at all; they may be lost, doubled, delayed and reordered. After
 * `start` no method throws or blocks. Queues are bounded, one for each peer: what doesn't fit is
 * dropped and reported as unreachable, and a peer that is down or doesn't read holds up no other. A
 * link that falls silent without breaking is noticed. Whatever strangers or a bad link send costs
 * at most the connection that it came on.
 */
export interface Transport {
  /**
   * The largest frame that can be sent; a node needs more than 65,536. The smallest has one byte.
   */
  readonly maxFrameBytes: number;
  /**
   * Called once, first. Resolved when it listens. Rejects with a `RaftkitError` when it can't, such
   * as when the address is taken.
   */
  start(local: LocalNode, handler: TransportHandler): Promise<void>;
  /**
   * Whom to keep connections to, also when they aren't there yet, come back, or moved to another
   * address. Replaces the earlier list: who left it can't be sent to. Whoever spoke to this node
   * can be answered all the same.
   */
  setPeers(peers: readonly Peer[]): void;
  /**
   * Sends the concatenation of `parts`, which never change afterwards. A part may be empty, or a
   * view of a larger buffer.
   * @returns false when the frame was certainly not sent and never will be: before `start`, after
   * `close`, to nobody known, above `maxFrameBytes`, without room; true promises nothing.
   */
  send(to: NodeId, parts: readonly Uint8Array[]): boolean;
  /**
   * This peer misbehaved: cut its connections. It may come back, where connections cost something
   * after a back-off. A sender that isn't connected: nothing.
   * @param reason why, and what to do, as the other side may be told
   */
  disconnect(from: Sender, reason?: string): void;
  /**
   * Releases everything held, the address too. At any time: without `start`, twice, while it
   * closes. It waits for no peer, and drops what is under way. No handler is called any more once
   * it resolved.
   */
  close(): Promise<void>;
}

// ---- codec --------------------------------------------------------------------------------------

/**
 * What every codec carries unchanged: numbers that are finite (-0 may come back as 0), strings of
 * any UTF-16 units, halves of surrogate pairs too, bytes of any length, arrays without holes, plain
 * objects with any keys in their order; at least 32 arrays and objects inside one another.
 */
export type CodecValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CodecValue[]
  | { readonly [key: string]: CodecValue };

/** Neither method changes what it gets, and a refusal leaves no trace. */
export interface Codec {
  /** Stored beside the data and compared between peers: `[a-z0-9-]{1,32}`. */
  readonly name: string;
  /**
   * The result is the caller's for ever: it shares no bytes with `value` or another result. Throws
   * a `RaftkitError` for what is not a `CodecValue`: undefined, NaN, an instance of a class, a
   * cycle, too many levels.
   */
  encode(value: CodecValue): Uint8Array;
  /**
   * Nothing in the result aliases `bytes`, which may be a view of a larger buffer; bytes come back
   * as plain `Uint8Array`s. Throws a `RaftkitError` for bytes that are no value, those cut short or
   * followed by others among them, or that are too deep; another spelling of a value than
   * `encode`'s may pass. Damaged bytes may give another value; they cost no more memory than their
   * length deserves, whatever they claim.
   */
  decode(bytes: Uint8Array): CodecValue;
}

// ---- state machine ------------------------------------------------------------------------------

export interface ApplyContext {
  readonly index: Index;
  readonly term: Term;
}

/**
 * What is replicated. It must be deterministic: the same commands in the same order give the same
 * results and the same state everywhere, whatever the time of day and the dice say; instances share
 * nothing.
 *
 * The log is history, and it is replayed: a machine in memory is given every command again at each
 * start. So never change what a command that may be in a log does, not its result either; give a
 * changed command a new name or version, and keep the old one's code.
 */
export interface StateMachine<Command, Result, Query, Answer> {
  /**
   * For a machine with durable state of its own: the index up to which it has applied, 0 at first.
   * Called once, first.
   */
  open?(): Promise<Index>;
  /**
   * Called in log order, one at a time; indexes may be skipped. Whatever has a `then` is awaited
   * before the next call. Business errors are results; a throw stops the node. Doesn't change the
   * command, and its result stays as it is, whatever is applied later.
   */
  apply(command: Command, context: ApplyContext): Result | PromiseLike<Result>;
  /**
   * Never changes state. The answer stays as it is, too. Called between applies, never while one is
   * awaited. Several may run at once; while an asynchronous one runs nothing is applied, until it
   * has answered or nobody waits for its answer any more (decision 0016).
   */
  query(query: Query): Answer | PromiseLike<Answer>;
  /**
   * 1 to 128 characters that depend on the whole state and on nothing else: equal states give equal
   * ones on every node. Called now and then between applies, always at the same indexes, and
   * compared between nodes; until it has answered nothing is applied, so it must be cheap, such as
   * one that `apply` keeps up to date. A throw is logged and costs the comparison only.
   */
  hash?(): string | PromiseLike<string>;
  /**
   * The whole state, also what no query shows. Captures it before it returns (cheaply), not at the
   * first `next()`; changes nothing. Several may be read at once, a reader may stop half way, and
   * chunks are never used again.
   */
  snapshot(): AsyncIterable<Uint8Array>;
  /**
   * Replaces the state by a snapshot's, which comes in pieces of any size; each may be overwritten
   * when the next one is asked for. Rejects when `source` does.
   */
  restore(source: AsyncIterable<Uint8Array>): Promise<void>;
  close?(): Promise<void>;
}

// ---- time and chance ----------------------------------------------------------------------------

/** Monotonic milliseconds; fractions allowed. */
export interface Clock {
  now(): number;
  /** Runs once at `at` or soon after. @returns cancels it; harmless after it ran. */
  schedule(at: number, run: () => void): () => void;
  /**
   * Runs once after the input that is waiting now was delivered: at the end of this event-loop
   * turn.
   */
  defer(run: () => void): void;
}

/** Uniform in [0, 1). */
export type Random = () => number;
