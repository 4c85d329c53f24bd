/// <reference lib="esnext.disposable" preserve="true" />
// The public face: what goes into `createNode` and what comes out of it. Types only.
import type {
  Clock,
  Codec,
  Configuration,
  Index,
  LogStorage,
  NodeId,
  RaftkitError,
  Random,
  ReturnOf,
  SnapshotStorage,
  StateMachine,
  Term,
  Transport,
} from "@raftkit/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type {
  ChangedMembership,
  ChangeMembershipOptions,
  ClusterOptions,
  IntroducedNode,
  Members,
  OwnMembership,
} from "./api-members.js";
import type {
  CallOptions,
  CloseOptions,
  Outcomes,
  ReadOptions,
  ReadyOptions,
} from "./api-calls.js";
import type { CreateInstruments } from "./instruments.js";

/** `Input`: what `commandSchema` turns into commands; without a schema, commands. */
export interface NodeOptions<Command, Result, Query, Answer, Input = Command> {
  /** This node's name: `[A-Za-z0-9_-]{1,64}`. */
  readonly id: NodeId;
  /**
   * Where the others reach this node, in the transport's notation. Default: its address in
   * `cluster.bootstrap`; required with `cluster.join`. If a member is started with a different one,
   * the leader writes it into the configuration.
   */
  readonly address?: string;
  /** How a cluster begins (`bootstrap`), or how this node joins an existing one (`join`). */
  readonly cluster: ClusterOptions;
  readonly transport: Transport;
  readonly storage: {
    readonly log: LogStorage;
    /**
     * Where snapshots of the state are stored, so that the log can be compacted; the state machine
     * must then have `snapshot` and `restore`. Without it all entries stay in the log, up to
     * `maxLogBytes`.
     */
    readonly snapshots?: SnapshotStorage;
  };
  readonly codec: Codec;
  readonly stateMachine: StateMachine<Command, Result, Query, Answer>;
  /** Checked when a command is proposed, never when it is applied. */
  readonly commandSchema?: StandardSchemaV1<Input, Command>;
  /** Each timeout is drawn from this range. Default 150 to 300 ms (paper §9.3). */
  readonly electionTimeoutMs?: { readonly min: number; readonly max: number };
  /** Default 50 ms; at most half of the smallest election timeout. */
  readonly heartbeatIntervalMs?: number;
  /** How long calls wait that have no `timeoutMs`. Default 5000 ms. */
  readonly defaultTimeoutMs?: number;
  /**
   * The largest encoded command. Default 4 MiB, or less to fit the transport's frames, the first of
   * the limits below and half of the second, minus 268 bytes.
   */
  readonly maxCommandBytes?: number;
  /**
   * How many uncommitted bytes a leader holds before it answers `Overloaded`; also how many may
   * wait on a node for a leader. Data, plus 256 bytes per command. Default 64 MiB.
   */
  readonly maxUncommittedBytes?: number;
  /**
   * The size of the log (data, plus 256 bytes per entry) at which proposals are refused. Default:
   * the smaller of 1 GiB and a quarter of the heap limit.
   */
  readonly maxLogBytes?: number;
  /**
   * A snapshot is taken when the log after the last one has grown by this much, or by the size of
   * that one if it is larger; at the latest at half of `maxLogBytes`. Default 64 MiB.
   */
  readonly snapshotAfterBytes?: number;
  /**
   * The largest difference between the rate of a node's clock and real time: 0.01 is one percent.
   * If given, a leader answers reads with `consistency: "lease"` without asking a majority; set it
   * on every node. With worse clocks, such a read may be stale. A stopped machine is detected by
   * its wall clock: don't use leases where both clocks stop together. Default: no leases.
   */
  readonly leaseDriftRate?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  /** A logger that throws doesn't affect the node. Default: none. */
  readonly logger?: Logger;
  /**
   * Where metrics and traces go, such as `@raftkit/opentelemetry`. Default: nothing is measured.
   */
  readonly instruments?: CreateInstruments;
}

/** The interface of pino, console and most loggers. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type NodeState = "running" | "failed" | "closed";
export type Role = "follower" | "candidate" | "leader";

export interface PeerStatus {
  readonly id: NodeId;
  /** `leaving`: it is informed for a while that it is no longer a member. */
  readonly role: "voter" | "learner" | "leaving";
  readonly matchIndex: Index;
  readonly nextIndex: Index;
  /** Milliseconds since this leader last heard from it. */
  readonly lastContactMs: number;
  /**
   * How long it last took to get everything that the log held at some moment, in milliseconds;
   * Infinity: not yet. A learner may become a voter once this is below the smallest election timeout.
   */
  readonly catchUpMs: number;
  /** Progress of the snapshot being sent to it; `bytes` is 0 until there is one. Null: none. */
  readonly install: { readonly writtenBytes: number; readonly bytes: number } | null;
}

/** A snapshot that a node stores: the state after the entry at `index`. */
export interface SnapshotStatus {
  readonly index: Index;
  readonly term: Term;
  readonly bytes: number;
}

/** The node's state at one moment. */
export interface NodeStatus {
  readonly id: NodeId;
  readonly clusterId: string;
  readonly incarnation: string;
  readonly run: number;
  readonly state: NodeState;
  /** Null once the node no longer runs; then `leaderId` is null and `peers` is empty, too. */
  readonly role: Role | null;
  /** On a candidate: it asks for pre-votes, and has begun no term of its own. */
  readonly isPreCandidate: boolean;
  readonly term: Term;
  readonly leaderId: NodeId | null;
  /** On a leader: whether it would answer a read with `consistency: "lease"` without asking. */
  readonly hasLease: boolean;
  /** On a leader that is transferring its leadership: the target. */
  readonly transferringTo: NodeId | null;
  readonly lastIndex: Index;
  readonly durableIndex: Index;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  /** The size of the log: data, plus 256 bytes per entry. */
  readonly logBytes: number;
  /** The option, with its default. */
  readonly maxLogBytes: number;
  /**
   * As a leader this node refuses proposals that don't fit in `maxLogBytes`, until a snapshot has
   * made room for such a proposal. Not set on a follower that forwarded them.
   */
  readonly logFull: boolean;
  /**
   * This node's disk has room only for the log's reserve: as a leader it refuses proposals until
   * there is room again.
   */
  readonly diskFull: boolean;
  /** The log begins after this index; a snapshot covers what came before. */
  readonly baseIndex: Index;
  /**
   * The newest snapshot; null: there is none, or it is damaged. `ageMs`: since it was saved, or
   * found at the start.
   */
  readonly snapshot: (SnapshotStatus & { readonly ageMs: number }) | null;
  /** The log begins after a snapshot that is lost: this node waits for one from the leader. */
  readonly lacksSnapshot: boolean;
  /** The one in force, committed or not. Undefined until the cluster is bootstrapped or joined. */
  readonly configuration: Configuration | undefined;
  /** Of its entry; 0: there is none. */
  readonly configurationIndex: Index;
  /** False: it may still be taken back, or is joint and will be left. */
  readonly configurationCommitted: boolean;
  /**
   * A member reported that the configuration committed at this index doesn't name this node, so it
   * doesn't campaign; null: none did, or a leader has named it again.
   */
  readonly removedAt: Index | null;
  /** On a leader: nodes that introduced themselves recently and aren't members. */
  readonly introductions: readonly IntroducedNode[];
  /**
   * The first start, which needs every initial voter. On the voter with the smallest id, which asks
   * the others: those that haven't answered. On the others, which only hear from that one: those
   * that weren't heard. Null once the cluster is bootstrapped, and on a node that joins.
   */
  readonly bootstrap: { readonly missing: readonly NodeId[] } | null;
  /** On a leader: the progress of each other member. */
  readonly peers: readonly PeerStatus[];
  /** Since the node was created. */
  readonly counters: Readonly<Record<CounterName, number>>;
}

export type CounterName =
  | "messagesSent"
  /** The transport refused them. */
  | "messagesUnsent"
  | "messagesReceived"
  | "messagesDropped"
  | "electionsStarted"
  | "persists"
  | "entriesApplied"
  | "proposals"
  | "reads"
  /** How often a timer fired late by half of the smallest election timeout or more. */
  | "eventLoopStalls";

/** Who leads after a transfer. */
export interface TransferredLeadership {
  readonly leaderId: NodeId;
  readonly term: Term;
}

/** One period in which this node leads and has applied everything that was committed before it. */
export interface LeadershipTerm {
  /** Larger than that of every earlier leader; use it as a fencing token. */
  readonly term: Term;
  /** Aborted when the leadership ends; its `reason` is a `LeadershipEnded`, which says why. */
  readonly signal: AbortSignal;
}

export interface ListenerOptions {
  /** Stops listening when it aborts. */
  readonly signal?: AbortSignal;
  /** Stops listening after the first event. */
  readonly once?: boolean;
}

export interface NodeEvents {
  role: { readonly role: Role; readonly term: Term; readonly leaderId: NodeId | null };
  commit: { readonly commitIndex: Index };
  /** In force from now on, committed or not. `index`: of its entry. */
  membership: { readonly configuration: Configuration; readonly index: Index };
  /**
   * The cluster continues without this node, according to `by`: it doesn't campaign. Close it, or
   * add it again.
   */
  removed: { readonly configurationIndex: Index; readonly by: NodeId };
  /** A snapshot was saved: of this node's own state, or one that the leader sent. */
  snapshot: SnapshotStatus & { readonly origin: "own" | "leader" };
  /**
   * The state machine's `hash()` differs from a peer's at the same index: one of the two runs
   * different code, or `apply` isn't deterministic. Emitted on both nodes, and again at later
   * indexes; the nodes continue.
   */
  divergence: {
    readonly peer: NodeId;
    readonly index: Index;
    readonly ownHash: string;
    readonly peerHash: string;
  };
  /**
   * The node stopped by itself and is `failed`. Without a listener and a `logger`, the error is
   * written to stderr (`console.error`).
   */
  error: RaftkitError;
}

export interface RaftNode<Command, Result, Query, Answer, Input = Command> extends AsyncDisposable {
  readonly id: NodeId;
  /**
   * Resolves once the node has ended and its parts are released: with the error that made it fail,
   * or with undefined after `close`. Never rejects.
   */
  readonly closed: Promise<RaftkitError | undefined>;
  /**
   * Resolves once a majority has confirmed the leader that this node knows, and this node has
   * applied everything that was committed when `ready` was called. `propose` and `read` don't need
   * it, since they wait by themselves.
   * @throws {NotReady} says what the node lacks; safe to retry
   */
  ready(options?: ReadyOptions): Promise<void>;
  /**
   * Replicates a command, from any node. Resolves with what the local `apply` returned, after
   * commit.
   * @throws {NotProposed} it will not be applied; safe to retry
   * @throws {OutcomeUnknown} it may be applied
   */
  propose<Given extends Input>(
    command: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Command, Result, Given>>;
  /**
   * Replicates many commands, as `propose` does, at the cost of one call. Each is an entry of its own
   * and ends on its own; the outcomes are in the order of the commands, and come when all have ended.
   * On the leader those that take effect do so in that order. Another node forwards them, in several
   * messages if they have more than 1 MiB (less with small frames), or if other calls are forwarded
   * with them; a later message may arrive first. Never rejects for what becomes of a command.
   * @throws {InvalidOption} for wrong arguments
   */
  proposeAll<const Given extends readonly Input[]>(
    commands: Given,
    options?: CallOptions,
  ): Promise<Outcomes<Command, Result, Given>>;
  /**
   * Queries the local state machine once its state is new enough, on any node. By default the
   * answer shows every write that was acknowledged before the call (linearizable, thesis §6.4).
   * @throws {ReadFailed} safe to retry
   * @throws {StateMachineFailed} `query` threw
   */
  read<Given extends Query>(
    query: Given,
    options?: ReadOptions,
  ): Promise<ReturnOf<Query, Answer, Given>>;
  /**
   * Takes a snapshot of this node's state and compacts its log, in addition to the automatic ones.
   * Resolves with a snapshot that holds everything applied here when it was called.
   * @throws {SnapshotFailed} the node continues; safe to retry
   */
  snapshot(): Promise<SnapshotStatus>;
  /**
   * Transfers the leadership to another node; works on any node. Without `to`, the target is the
   * voter with the most complete log. Calls of `propose` wait meanwhile, usually for some
   * milliseconds; nothing is lost. It succeeds or is called off within the longest election
   * timeout.
   * @returns who leads now: `to`, also if that led already
   * @throws {TransferFailed} says why not, and whether it may still happen
   */
  transferLeadership(to?: NodeId | null, options?: ReadyOptions): Promise<TransferredLeadership>;
  /**
   * Resolves once a committed configuration names this node with this data directory: on a member at
   * once, on a joining node when `changeMembership` has made it one.
   * @throws {NotMember} says what the others answered, and what to do; safe to retry
   */
  member(options?: ReadyOptions): Promise<OwnMembership>;
  /**
   * Replaces the members by these; works on any member. New ones first get the log as learners, and
   * vote once they have caught up (thesis §4.2.1); voters change through a joint configuration
   * (paper §6). New nodes must have been started with `cluster.join`. If this node ends meanwhile,
   * the same call on another one continues from there.
   * @returns once the change is committed
   * @throws {MembershipChangeFailed} says why, what to do, and whether the change may still happen
   */
  changeMembership(to: Members, options?: ChangeMembershipOptions): Promise<ChangedMembership>;
  status(): NodeStatus;
  /**
   * Each leadership of this node in turn. Every loop over it begins with the present leadership, if
   * any, and ends when the node ends, the signal aborts, or its `return` is called, even while it
   * waits. A loop that was busy during a whole leadership doesn't get it afterwards.
   */
  leadership(options?: { readonly signal?: AbortSignal }): AsyncIterable<LeadershipTerm>;
  /**
   * A listener that throws, or whose promise rejects, is logged and doesn't affect the node.
   * @returns stops listening
   */
  on<E extends keyof NodeEvents>(
    event: E,
    listener: (value: NodeEvents[E]) => void,
    options?: ListenerOptions,
  ): () => void;
  /**
   * Stops at once: pending proposals end as unknown, nothing more is applied, written or sent.
   * Resolves when everything is released. It waits for a running `apply`, since the state machine
   * must not be closed during it; the transport and the log don't wait for it. Idempotent.
   * @throws {CloseTimedOut} names the part that hangs
   */
  close(options?: CloseOptions): Promise<void>;
}
