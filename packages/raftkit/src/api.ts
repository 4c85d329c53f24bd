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
import type { CallOptions, CloseOptions, ReadOptions, ReadyOptions } from "./api-calls.js";
import type { CreateInstruments } from "./instruments.js";

/** `Input`: what `commandSchema` makes commands of; without a schema, commands. */
export interface NodeOptions<Command, Result, Query, Answer, Input = Command> {
  /** This node's name: `[A-Za-z0-9_-]{1,64}`. */
  readonly id: NodeId;
  /**
   * Where the others reach this node, in the transport's notation. Default: what `cluster.bootstrap`
   * says of it; needed with `cluster.join`. A member that is started with another one is followed
   * there: the leader writes it into the configuration.
   */
  readonly address?: string;
  /** The beginning of a cluster (`bootstrap`), or a way into one that is there (`join`). */
  readonly cluster: ClusterOptions;
  readonly transport: Transport;
  readonly storage: {
    readonly log: LogStorage;
    /**
     * Where the state is kept from time to time, so that the log ends: the state machine must have
     * `snapshot` and `restore` then. Without it all entries stay in the log, up to `maxLogBytes`.
     */
    readonly snapshots?: SnapshotStorage;
  };
  readonly codec: Codec;
  readonly stateMachine: StateMachine<Command, Result, Query, Answer>;
  /** Checked when a command is proposed, never when it is applied. */
  readonly commandSchema?: StandardSchemaV1<Input, Command>;
  /** Each wait is drawn from this range. Default 150 to 300 ms (paper §9.3). */
  readonly electionTimeoutMs?: { readonly min: number; readonly max: number };
  /** Default 50 ms; at most half of the smallest election timeout. */
  readonly heartbeatIntervalMs?: number;
  /** How long calls wait where they don't say. Default 5000 ms. */
  readonly defaultTimeoutMs?: number;
  /**
   * The largest encoded command. Default 4 MiB, or what fits the transport's frames, the first of
   * the bounds below and half of the second, beside 268 bytes.
   */
  readonly maxCommandBytes?: number;
  /**
   * What a leader holds uncommitted before it answers `Overloaded`; also what may wait on a node
   * for a leader. Data, plus 256 bytes a command. Default 64 MiB.
   */
  readonly maxUncommittedBytes?: number;
  /**
   * What the log holds (data, plus 256 bytes an entry) before proposals are refused. Default: the
   * smaller of 1 GiB and a quarter of the heap limit.
   */
  readonly maxLogBytes?: number;
  /**
   * A snapshot is taken when the log behind the last one has grown by this much, or by the size of
   * that one if it is larger; but always by half of `maxLogBytes`. Default 64 MiB.
   */
  readonly snapshotAfterBytes?: number;
  /**
   * By how much the rate of a node's clock differs from that of real time at most: 0.01 is one percent.
   * Given, a leader answers reads with `consistency: "lease"` without asking a majority; give it on
   * every node. The answer is only as right as this number, and as wall clocks, which tell of a machine
   * that was stopped: not for machines whose clocks stop together. Default: no leases.
   */
  readonly leaseDriftRate?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  /** One that throws is passed over. Default: none. */
  readonly logger?: Logger;
  /** Where metrics and traces go, such as `@raftkit/opentelemetry`. Default: nothing is measured. */
  readonly instruments?: CreateInstruments;
}

/** What pino, console and most loggers look like. */
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
  /** `leaving`: it is told that it is no member any more, for a while. */
  readonly role: "voter" | "learner" | "leaving";
  readonly matchIndex: Index;
  readonly nextIndex: Index;
  /** Milliseconds since this leader last heard from it. */
  readonly lastContactMs: number;
  /**
   * How long it took last to get what the log held at some moment, in milliseconds; Infinity: it
   * hasn't yet. Below the smallest election timeout a learner may become a voter.
   */
  readonly catchUpMs: number;
  /** The snapshot that it is sent, in bytes; `bytes` is 0 until one is there. Null: none. */
  readonly install: { readonly writtenBytes: number; readonly bytes: number } | null;
}

/** A snapshot that a node keeps: the state after the entry at `index`. */
export interface SnapshotStatus {
  readonly index: Index;
  readonly term: Term;
  readonly bytes: number;
}

/** A picture of one moment. */
export interface NodeStatus {
  readonly id: NodeId;
  readonly clusterId: string;
  readonly incarnation: string;
  readonly run: number;
  readonly state: NodeState;
  /** Null once the node doesn't run any more; then `leaderId` is null and `peers` is empty, too. */
  readonly role: Role | null;
  readonly term: Term;
  readonly leaderId: NodeId | null;
  /** On a leader: it would answer a read with `consistency: "lease"` without asking. */
  readonly hasLease: boolean;
  /** On a leader that hands its leadership on: to whom. */
  readonly transferringTo: NodeId | null;
  readonly lastIndex: Index;
  readonly durableIndex: Index;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  /** What the log holds: data, plus 256 bytes an entry. */
  readonly logBytes: number;
  /** The option, with its default. */
  readonly maxLogBytes: number;
  /**
   * As a leader this node refuses proposals that don't fit in `maxLogBytes`, until a snapshot has
   * made room for one like those it refused. Not true of a follower that forwarded them.
   */
  readonly logFull: boolean;
  /**
   * This node's disk has no room for more than the log's reserve: as a leader it refuses proposals,
   * until there is room again.
   */
  readonly diskFull: boolean;
  /** The log begins behind this index: what came before is in a snapshot. */
  readonly baseIndex: Index;
  /**
   * The newest snapshot; null: there is none, or it is damaged. `ageMs`: since it was saved, or found
   * at the start.
   */
  readonly snapshot: (SnapshotStatus & { readonly ageMs: number }) | null;
  /** The log begins behind a snapshot that is lost: this node waits for one from the leader. */
  readonly lacksSnapshot: boolean;
  /** In force, committed or not. Undefined until the cluster is bootstrapped, or joined. */
  readonly configuration: Configuration | undefined;
  /** Of its entry; 0: there is none. */
  readonly configurationIndex: Index;
  /** False: it may still be taken back, or is joint and about to be left. */
  readonly configurationCommitted: boolean;
  /**
   * A member said that the configuration committed there doesn't name this node, so it doesn't
   * campaign; null: nobody did, or a leader has named it again.
   */
  readonly removedAt: Index | null;
  /** On a leader: who introduced itself of late, and is no member. */
  readonly introductions: readonly IntroducedNode[];
  /**
   * The first start, which needs every initial voter. On the one with the smallest id, which asks:
   * those that haven't answered. On the others, which hear of the first one only: those that
   * weren't heard. Null once the cluster is bootstrapped, and on a node that joins.
   */
  readonly bootstrap: { readonly missing: readonly NodeId[] } | null;
  /** On a leader: how far each other member is. */
  readonly peers: readonly PeerStatus[];
  /** Since the node was created. */
  readonly counters: Readonly<Record<CounterName, number>>;
}

export type CounterName =
  | "messagesSent"
  /** The transport didn't take them. */
  | "messagesUnsent"
  | "messagesReceived"
  | "messagesDropped"
  | "electionsStarted"
  | "persists"
  | "entriesApplied"
  | "proposals"
  | "reads"
  /** How often a timer rang half of the smallest election timeout late, or later. */
  | "eventLoopStalls";

/** Who leads after a transfer. */
export interface TransferredLeadership {
  readonly leaderId: NodeId;
  readonly term: Term;
}

/** One period in which this node leads and has applied everything that was committed before it. */
export interface LeadershipTerm {
  /** Larger than that of every earlier leader: a fencing token. */
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
   * The cluster goes on without this node, as `by` says: it doesn't campaign. Close it, or add it
   * again.
   */
  removed: { readonly configurationIndex: Index; readonly by: NodeId };
  /** One was saved: of this node's own state, or one that the leader sent. */
  snapshot: SnapshotStatus & { readonly origin: "own" | "leader" };
  /**
   * The state machine's `hash()` differs from a peer's at the same index: one of the two runs other
   * code, or `apply` isn't deterministic. Told on both nodes, again at later indexes; they go on.
   */
  divergence: {
    readonly peer: NodeId;
    readonly index: Index;
    readonly ownHash: string;
    readonly peerHash: string;
  };
  /**
   * The node stopped by itself and is `failed`. Where nobody listens and no `logger` was given, it is
   * written to stderr (`console.error`).
   */
  error: RaftkitError;
}

export interface RaftNode<Command, Result, Query, Answer, Input = Command> extends AsyncDisposable {
  readonly id: NodeId;
  /**
   * Resolves once the node has ended and its parts are released: with the error that it failed of,
   * or with undefined after `close`. Never rejects.
   */
  readonly closed: Promise<RaftkitError | undefined>;
  /**
   * Resolves once a majority has confirmed the leader that this node knows, and this node has applied
   * everything that was committed when `ready` was called. `propose` and `read` don't need it, since
   * they wait by themselves.
   * @throws {NotReady} it says what the node lacks; safe to try again
   */
  ready(options?: ReadyOptions): Promise<void>;
  /**
   * Replicates a command, from any node. Resolves with what the local `apply` returned, after
   * commit.
   * @throws {NotProposed} it will not be applied; safe to try again
   * @throws {OutcomeUnknown} it may be applied
   */
  propose<Given extends Input>(
    command: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Command, Result, Given>>;
  /**
   * Asks the local state machine once its state is new enough, on any node: by default the answer
   * shows every write that was acknowledged before the call (linearizable, thesis §6.4).
   * @throws {ReadFailed} safe to try again
   * @throws {StateMachineFailed} `query` threw
   */
  read<Given extends Query>(
    query: Given,
    options?: ReadOptions,
  ): Promise<ReturnOf<Query, Answer, Given>>;
  /**
   * Takes a snapshot of this node's state and compacts its log, beside what it does by itself.
   * Resolves with one that holds everything applied here when it was called.
   * @throws {SnapshotFailed} the node goes on; safe to try again
   */
  snapshot(): Promise<SnapshotStatus>;
  /**
   * Lets another node lead, from any node: without `to` the voter whose log is furthest. Calls of
   * `propose` wait meanwhile, for some milliseconds as a rule; nothing is lost. After the longest
   * election timeout it has happened, or was called off.
   * @returns who leads now: `to`, also where that led already
   * @throws {TransferFailed} it says why not, and whether it may still happen
   */
  transferLeadership(to?: NodeId | null, options?: ReadyOptions): Promise<TransferredLeadership>;
  /**
   * Resolves once a committed configuration names this node with this data directory: at once on a
   * member, on a node that joins when `changeMembership` has made it one.
   * @throws {NotMember} it says what the others answered, and what to do; safe to try again
   */
  member(options?: ReadyOptions): Promise<OwnMembership>;
  /**
   * Makes these the members, from any member, whatever they are now: new ones first get the log as
   * learners, and vote once they have caught up (thesis §4.2.1); voters change through a joint
   * configuration (paper §6). Nodes that are to be added must have been started with `cluster.join`.
   * If this node ends meanwhile, the same call on another one goes on from where it was.
   * @returns when it is committed
   * @throws {MembershipChangeFailed} it says what stands in the way, what to do, and whether it may
   * still happen
   */
  changeMembership(to: Members, options?: ChangeMembershipOptions): Promise<ChangedMembership>;
  status(): NodeStatus;
  /**
   * Each leadership of this node in turn. Every loop over it begins with the present one, and ends
   * when the node ends, the signal aborts, or its `return` is called, also while it waits. A loop
   * that was busy during a whole leadership doesn't get it afterwards.
   */
  leadership(options?: { readonly signal?: AbortSignal }): AsyncIterable<LeadershipTerm>;
  /**
   * A listener that throws, or whose promise rejects, is logged and disturbs nobody.
   * @returns stops listening
   */
  on<E extends keyof NodeEvents>(
    event: E,
    listener: (value: NodeEvents[E]) => void,
    options?: ListenerOptions,
  ): () => void;
  /**
   * Stops at once: pending proposals end as unknown, nothing more is applied, written or sent.
   * Resolves when everything is released. An `apply` that is under way is waited for, since the
   * state machine must not be closed beneath it; the transport and the log don't wait for it.
   * Idempotent.
   * @throws {CloseTimedOut} something hangs; it names what
   */
  close(options?: CloseOptions): Promise<void>;
}
