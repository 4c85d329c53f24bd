// The ports: everything that Raft needs from the outside world, and nothing else. Adapters implement these interfaces.
// They say what is promised in both directions; `@raftkit/core` itself performs no I/O.
import type { EntryRun } from "./entry.js";
import type { RaftkitError } from "./errors.js";
import type { Configuration, HardState, Index, NodeId, Peer, Sender, Term } from "./types.js";

// ---- log storage ------------------------------------------------------------------------------------------------

/** One change of the stored state. `write` takes several and makes them durable together, in order. */
export type LogOperation =
  | { readonly type: "hardState"; readonly hardState: HardState }
  /** Entries behind the last one stored; the run's `firstIndex` is the last index + 1. */
  | { readonly type: "append"; readonly run: EntryRun }
  /** Removes the entry at `index` and all after it. */
  | { readonly type: "truncateFrom"; readonly index: Index }
  /** Removes the entries up to and including `index` (they are in a snapshot), which had `term`. */
  | { readonly type: "compactThrough"; readonly index: Index; readonly term: Term }
  /** Removes all entries: the log goes on after `index`, which had `term` (a snapshot was installed). */
  | { readonly type: "resetTo"; readonly index: Index; readonly term: Term };

/** Whose log it is. A storage that holds another's refuses to open. */
export interface StorageIdentity {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** The codec's name: entries written with one can't be read with another. */
  readonly codec: string;
}

/** What `open` found. */
export interface OpenedLog {
  /** Random, drawn when the storage was created: 16 to 64 characters of `[A-Za-z0-9_-]`. */
  readonly incarnation: string;
  /** How many times it was opened, this time included; durable. */
  readonly run: number;
  /** The last index and term removed by `compactThrough` or `resetTo`; both 0 at first. */
  readonly base: { readonly index: Index; readonly term: Term };
  /** `{ currentTerm: 0, votedFor: null }` at first. */
  readonly hardState: HardState;
  /** All entries after `base`, in order, without a gap. What is returned is durable. */
  readonly entries: readonly EntryRun[];
}

export interface LogStorage {
  /** Called once, first. Rejects with a `RaftkitError` that says what is wrong and what to do; overwrites nothing then. */
  open(identity: StorageIdentity): Promise<OpenedLog>;
  /**
   * Carries out the operations in order, atomically (after a crash: all or none), durable when resolved. Never called
   * concurrently. When it rejects the storage is unusable: the node stops, and nothing is retried.
   */
  write(operations: readonly LogOperation[]): Promise<void>;
  /** Releases everything held; a write under way is waited for. Idempotent. */
  close(): Promise<void>;
}

// ---- snapshot storage -------------------------------------------------------------------------------------------

export interface SnapshotMeta {
  readonly snapshotId: string;
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
  readonly bytes: number;
  readonly crc: number;
}

/** A snapshot being written: nothing of it is visible before `commit` resolved. */
export interface SnapshotSink {
  write(data: Uint8Array): Promise<void>;
  commit(): Promise<SnapshotMeta>;
  abort(): Promise<void>;
}

export interface SnapshotStorage {
  /** The newest whole snapshot, if there is one. */
  open(): Promise<SnapshotMeta | undefined>;
  /** Up to `maxBytes` from `offset`; the snapshot stays readable while somebody reads. */
  read(snapshotId: string, offset: number, maxBytes: number): Promise<{ readonly data: Uint8Array; readonly done: boolean }>;
  create(snapshot: { readonly index: Index; readonly term: Term; readonly configuration: Configuration }): Promise<SnapshotSink>;
  close(): Promise<void>;
}

// ---- transport --------------------------------------------------------------------------------------------------

/** What a transport says of its own node to the others when it introduces itself. */
export interface LocalNode extends Sender {
  readonly clusterId: string;
  /** Where the others reach this node, in the transport's notation. It listens there. */
  readonly address: string;
  readonly codec: string;
}

export interface TransportHandler {
  /** A whole frame from a node of this cluster. The receiver owns the bytes: the transport never touches them again. */
  receive(from: Sender, frame: Uint8Array): void;
  /** Frames for this peer were lost or can't be delivered now. May be called often; it is a hint. */
  unreachable(to: NodeId): void;
  /** Somebody was turned away (another cluster, version, codec; rubbish), or turned this node away. For the log. */
  rejected(error: RaftkitError): void;
}

/**
 * Carries frames, each whole or not at all; they may be lost, doubled, delayed and reordered. After `start` no method
 * throws or blocks. Queues are bounded: what doesn't fit is dropped and reported as unreachable.
 */
export interface Transport {
  /** The largest frame that can be sent. */
  readonly maxFrameBytes: number;
  /** Called once, first. Rejects with a `RaftkitError` when it can't listen. */
  start(local: LocalNode, handler: TransportHandler): Promise<void>;
  /** Whom to keep connections to. Replaces the earlier list. Whoever spoke to this node can be answered all the same. */
  setPeers(peers: readonly Peer[]): void;
  /**
   * Sends the concatenation of `parts`, which never change afterwards.
   * @returns false when the frame was certainly not sent and never will be; true promises nothing.
   */
  send(to: NodeId, parts: readonly Uint8Array[]): boolean;
  /** This peer misbehaved: cut its connections; let it come back with back-off only. */
  disconnect(from: Sender): void;
  /** Releases everything held. Idempotent. No handler is called any more once it resolved. */
  close(): Promise<void>;
}

// ---- codec ------------------------------------------------------------------------------------------------------

/** What every codec carries unchanged. Numbers are finite; -0 may come back as 0. */
export type CodecValue = null | boolean | number | string | Uint8Array | readonly CodecValue[] | { readonly [key: string]: CodecValue };

export interface Codec {
  /** Stored beside the data and compared between peers: `[a-z0-9-]{1,32}`. */
  readonly name: string;
  /** The result is the caller's for ever. Throws a `RaftkitError` for what is not a `CodecValue`. */
  encode(value: CodecValue): Uint8Array;
  /** Nothing in the result aliases `bytes`. Throws a `RaftkitError` for bytes that `encode` didn't make or that are too deep. */
  decode(bytes: Uint8Array): CodecValue;
}

// ---- state machine ----------------------------------------------------------------------------------------------

export interface ApplyContext {
  readonly index: Index;
  readonly term: Term;
}

/** What is replicated. It must be deterministic: the same commands in the same order give the same state everywhere. */
export interface StateMachine<Command, Result, Query, Answer> {
  /** For a machine with durable state of its own: the index up to which it has applied. */
  open?(): Promise<Index>;
  /** Called in log order, one at a time. Business errors are results; a throw stops the node. */
  apply(command: Command, context: ApplyContext): Result | Promise<Result>;
  /** Never changes state. */
  query(query: Query): Answer | Promise<Answer>;
  /** Captures the state before it returns (cheaply), not at the first `next()`. */
  snapshot(): AsyncIterable<Uint8Array>;
  /** Replaces the state. */
  restore(source: AsyncIterable<Uint8Array>): Promise<void>;
  close?(): Promise<void>;
}

// ---- time and chance --------------------------------------------------------------------------------------------

/** Monotonic milliseconds; fractions allowed. */
export interface Clock {
  now(): number;
  /** Runs once at `at` or soon after. @returns cancels it; harmless after it ran. */
  schedule(at: number, run: () => void): () => void;
  /** Runs once after the input that is waiting now was delivered: at the end of this event-loop turn. */
  defer(run: () => void): void;
}

/** Uniform in [0, 1). */
export type Random = () => number;
