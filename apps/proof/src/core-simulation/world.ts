// The simulated world of the core simulation as plain data: nodes, links, what happens when.
// Functions in the files beside this one change it; all of them are synchronous. Time is in whole
// milliseconds.
import type {
  Effect,
  EntryRun,
  Index,
  Input,
  LogOperation,
  Member as RaftMember,
  Message,
  NodeId,
  Peer,
  Raft,
  RaftOptions,
  Sender,
  Term,
} from "@raftkit/core";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import type { SeededRandom } from "@raftkit/simulation";
import type { Coverage } from "../plans/coverage.js";
import type { Invariant } from "../invariants/invariant.js";
import type { Fault, FaultKind, FaultRole, Outcome, Phase, Plan } from "../plans/plan.js";
import type { LogShadow, NodeView, SnapshotView } from "../invariants/view.js";
import type { Machine } from "./machine.js";
import type { NumberTrace } from "./number-trace.js";
import type {
  Capture,
  SnapshotCounts,
  SnapshotLane,
  StoredSnapshot,
  WatchedInstall,
} from "./snapshot-state.js";
import type { Operators } from "./operators-state.js";
import type { TimingWheel } from "./timing-wheel.js";

export interface Disk {
  currentTerm: Term;
  votedFor: RaftMember | null;
  /** Of `runs`. */
  readonly log: LogShadow;
  readonly runs: EntryRun[];
  snapshot: SnapshotView | undefined;
  /** Handed over and not durable, oldest first; the first `writing` of them are under way. */
  pending: { readonly seq: number; readonly operations: readonly LogOperation[] }[];
  writing: number;
  /** No write ends before this. */
  heldUntil: number;
  slowUntil: number;
  slowMs: number;
  hungUntil: number;
  /** A write that ends before this fails, and the node is started again so many ms later. */
  failingUntil: number;
  failedForMs: number;
}

/** One data directory and the node that runs on it. */
export interface Member extends NodeView {
  readonly number: number;
  readonly id: NodeId;
  readonly incarnation: string;
  isWiped: boolean;
  role: FaultRole;
  currentTerm: Term;
  votedFor: RaftMember | null;
  commitIndex: Index;
  lastApplied: Index;
  stateHash: number;
  readonly log: LogShadow;
  readonly disk: Disk;
  /** It came after a data directory that was wiped. */
  readonly isBlankAgain: boolean;
  /** Where the others reach it, if they know that. */
  address: string;
  /** How it is started: as one of those that found the cluster, or to join it, or to rejoin. */
  startsAs: "founder" | "joiner" | "rejoiner";
  /** Addresses that it dials: those that core asks for, and those that it was started with. */
  dials: ReadonlySet<string>;
  seeds: ReadonlySet<string>;
  /** By how much any clock of a node with leases may be wrong; undefined: it has none. */
  readonly leaseDriftRate: number | undefined;
  /** It stopped for good: `StorageLost`. */
  isLost: boolean;
  /** Undefined while it is down. */
  raft: Raft | undefined;
  /** Its node takes a step. */
  tell: (input: Input) => void;
  sender: Sender;
  run: number;
  random: () => number;
  machine: Machine;
  /** Committed entries, and snapshots to restore, that wait for the machine. */
  applying: (EntryRun | StoredSnapshot)[];
  readonly snapshots: SnapshotLane;
  /** It hands its leadership on, and takes no command behind this; Infinity: it doesn't. */
  transferIndex: Index;
  /** A transfer, in this term. */
  hasCalledOff: boolean;
  /** In this run. */
  hasHeardLeader: boolean;
  /** The snapshot that it is being sent. */
  receiving: WatchedInstall | undefined;
  /** Of the part that came in last. */
  heardAttempt: number;
  /** Local time is `clockBase + (now - clockSince) * clockRate`. */
  clockBase: number;
  clockSince: number;
  clockRate: number;
  /** By how much the wall clock went on further, and how much of that was told. ms */
  wallAheadMs: number;
  toldWallAheadMs: number;
  /** The earliest moment at which a timer is planned. */
  timerAt: number;
  turnWaits: boolean;
  checkedCommit: Index;
  pausedUntil: number;
  /** What came in while it was paused. */
  inbox: SimulationEvent[];
  nextSeq: number;
  /** Entries sent to each peer since it last answered. */
  readonly unanswered: { messages: number; bytes: number }[];
  readonly forwards: Set<number>;
}

export interface SimulationEvent {
  readonly kind:
    | "deliver"
    | "written"
    | "timer"
    | "machine"
    | "snapshot"
    | "unreachable"
    | "action";
  /** Of whom, and in which of its runs: another one hears nothing of it. */
  readonly member: Member | undefined;
  readonly run: number;
  readonly from: Member | undefined;
  readonly sender: Sender | undefined;
  readonly message: Message | undefined;
  /** Of a message: to whom. Of a write that ended: which. */
  number: number;
  readonly action: (() => void) | undefined;
  /** What happens after it in the same millisecond. */
  next: SimulationEvent | undefined;
}

export interface LinkFault {
  readonly kind: FaultKind;
  readonly until: number;
  readonly severity: number;
}

export interface Link {
  faults: LinkFault[];
  /** When the last message that was sent here arrives. */
  lastAt: number;
  /** When a slow link has carried what it was given. */
  freeAt: number;
}

/** What is drawn from the seed besides the plan: how this cluster is when nothing is wrong. */
export interface Settings {
  readonly delayMs: number;
  readonly delaySpanMs: number;
  readonly ordered: boolean;
  /** On a slow link messages without entries overtake those that carry some. */
  readonly smallOvertakes: boolean;
  /** Messages pass through their encoded form. */
  readonly overTheWire: boolean;
  readonly diskMs: number;
  readonly diskSpanMs: number;
  /** A write takes all that waits, as the runtime's does; else each by itself. */
  readonly joinsWrites: boolean;
  /** Inputs of one millisecond make one turn; else each is one. */
  readonly longTurns: boolean;
  /** What waited through a pause is heard before the timers. */
  readonly politeAfterPause: boolean;
  readonly machineMs: number;
  /** The state machine survives a crash. */
  readonly durableMachine: boolean;
  /** Lost packets are sometimes reported to the sender. */
  readonly reportsLoss: boolean;
  /** Undefined: nobody takes any. */
  readonly snapshots:
    | {
        /** As in the plan. */
        readonly requestMs: number;
        /** Up to so long takes each piece of work. */
        readonly laneMs: number;
        /** How long the data of one is. */
        readonly bytes: number;
      }
    | undefined;
  readonly options: Pick<
    RaftOptions,
    | "electionTimeoutMs"
    | "heartbeatIntervalMs"
    | "maxMessageBytes"
    | "maxInflightMessages"
    | "maxInflightBytes"
    | "maxUncommittedBytes"
    | "maxLogBytes"
  >;
}

export type Ends = "answered" | "refused" | "unknown";

/** What clients hear of the nodes that they ask. */
export interface ClientEvents {
  onProposal(
    member: Member,
    effect: Extract<Effect, { readonly type: "accepted" | "rejected" | "unknown" }>,
  ): void;
  onRead(
    member: Member,
    effect: Extract<Effect, { readonly type: "readReady" | "readRejected" }>,
  ): void;
  onApplied(member: Member, index: Index, term: Term): void;
  /** It has the state after `lastApplied` now; what stood before was not applied here. */
  onRestored(member: Member): void;
  onStopped(member: Member): void;
}

export interface Clients extends ClientEvents {
  readonly counts: { answered: number; refused: number; unknown: number };
  history(): readonly Operation<KeyValueInput, KeyValueOutput>[];
  /** One call, now. It ends once, at the latest after `timeoutMs`. */
  call(
    member: Member,
    client: string,
    what: "get" | "put" | "cas" | "delete",
    key: number,
    timeoutMs: number,
    onEnd: (end: Ends) => void,
  ): void;
  start(): void;
  /** Begins no further calls. */
  stop(): void;
}

export interface World {
  readonly plan: Plan;
  readonly settings: Settings;
  readonly random: {
    readonly network: SeededRandom;
    readonly disk: SeededRandom;
    readonly snapshots: SeededRandom;
    readonly operators: SeededRandom;
  };
  /** Those that found the cluster. */
  readonly bootstrap: readonly Peer[];
  readonly operators: Operators;
  now: number;
  readonly wheel: TimingWheel<SimulationEvent>;
  /** Those whose turn ends with this millisecond. */
  readonly openTurns: Member[];
  /** By number; those wiped are in `everyone` only. */
  readonly members: Member[];
  readonly everyone: Member[];
  readonly byId: ReadonlyMap<NodeId, number>;
  /** From i to j at i * n + j. */
  readonly links: readonly Link[];
  readonly invariants: Required<Invariant>;
  readonly coverage: Coverage;
  readonly trace: NumberTrace;
  readonly clients: Clients;
  /** By number. */
  readonly captures: Capture[];
  /** What they stand for. */
  readonly replayed: LogShadow;
  savedSnapshots: number;
  readonly snapshotCounts: SnapshotCounts;
  phase: Phase;
  /** Something changed that phase and triggers depend on. */
  unsettled: boolean;
  isBootstrapped: boolean;
  /** The highest commit index at the last two beats. */
  committedBefore: readonly [Index, Index];
  /** Whose time has come, waiting for their phase. */
  readonly waiting: { readonly fault: Fault; readonly random: SeededRandom }[];
  /** No fault strikes before, but one that waits for a candidate. */
  quietUntil: number;
  wiped: number;
  failure: Outcome["failure"];
  readonly tamper: Tamper | undefined;
}

/** Puts something between a node and the world: for tests of this very harness. */
export type Tamper = (
  member: NodeView,
  effects: ReturnType<Raft["step"]>,
) => ReturnType<Raft["step"]>;

export function broken(world: World, check: string, message: string): void {
  if (world.failure !== undefined) return;
  world.failure = { check, message };
  world.trace.line(world.now, `BROKEN ${check}: ${message}`);
}

/** Plans something for a member's present run; it hears nothing of it if it ended by then. */
export function plan(
  world: World,
  at: number,
  kind: SimulationEvent["kind"],
  member: Member | undefined,
  rest: Partial<SimulationEvent> = {},
): void {
  world.wheel.add(at, {
    kind,
    member,
    run: member?.run ?? 0,
    from: rest.from,
    sender: rest.sender,
    message: rest.message,
    number: rest.number ?? 0,
    action: rest.action,
    next: undefined,
  });
}

/** Plans what belongs to no node. */
export function planAction(world: World, at: number, action: () => void): void {
  world.wheel.add(Math.max(at, world.now), {
    kind: "action",
    member: undefined,
    run: 0,
    from: undefined,
    sender: undefined,
    message: undefined,
    number: 0,
    action,
    next: undefined,
  });
}

export function count(world: World, kind: FaultKind, member: Member): void {
  world.coverage.count(kind, member.role, world.phase);
}
