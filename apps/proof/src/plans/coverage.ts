// What really went wrong, counted by kind, role and phase. A fault counts when it takes effect,
// never when it was planned: a network fault for each packet that it changed, once for the sender's
// role and once for the receiver's (what is late may be overtaken: that is what reorder does; the
// cluster simulation counts what arrives, the core simulation what no link loses); a disk fault for
// each write that it held up or failed; all others when they befall a node. The role and phase are
// those of that moment; of a fault that lies in wait for a node's next write, sync, rename or
// await, those in which it was laid, once it has struck.
import type {
  FaultKind,
  FaultRole,
  NodeFaultKind,
  Phase,
  Simulation,
  TransferTarget,
} from "./plan.js";
import { faultKinds, phases, transferTargets } from "./plan.js";

export const roles: readonly FaultRole[] = ["follower", "candidate", "leader"];

/**
 * Kinds that only the cluster simulation can inject: they need real storage, codecs or processes.
 */
const clusterOnly: ReadonlySet<NodeFaultKind> = new Set<NodeFaultKind>([
  "corrupt",
  "crashAtAwait",
  "diskFull",
  "bitFlip",
  "tornWrite",
  "reorderedWrites",
  "lostRename",
]);

export function kindsOf(simulation: Simulation): readonly NodeFaultKind[] {
  return simulation === "cluster"
    ? faultKinds
    : faultKinds.filter((kind) => !clusterOnly.has(kind));
}

/** To whom a snapshot was sent: what its log was when the first part came. */
export const installCases = [
  /** All of it was committed: it ends before the snapshot, or leads up to it. */
  "behind",
  /** It holds what was never committed. */
  "conflicting",
  /** It begins behind a snapshot that is damaged. */
  "damaged",
] as const;
export type InstallCase = (typeof installCases)[number];

/** What went wrong meanwhile. */
export const installTroubles = [
  "nothing",
  /** A part didn't arrive, came late, or twice. */
  "lost",
  "late",
  "doubled",
  /** A part of another attempt came between, or one took this one's place. */
  "mixed",
  "newAttempt",
  /** Another leader sent one of its own. */
  "newLeader",
  /** The leader's data wasn't what it announced. */
  "source",
  /**
   * The receiver ended before its disk had the snapshot; or after that, before its log was reset.
   */
  "crash",
  "halfway",
  /** Its snapshot lane was slow, or had no room. */
  "slow",
  "noRoom",
  /** It took a snapshot of its own. */
  "capture",
] as const;
export type InstallTrouble = (typeof installTroubles)[number];

export function installCell(installed: InstallCase, trouble: InstallTrouble): string {
  return `install ${installed} ${trouble}`;
}

/**
 * What was installed, by what went wrong meanwhile. A node that lacks its snapshot has applied
 * nothing that it could take one of.
 */
export const installCells: readonly string[] = installCases
  .flatMap((installed) => installTroubles.map((trouble) => installCell(installed, trouble)))
  .filter((cell) => cell !== installCell("damaged", "capture"));

/** How the members change: by the first configuration that a leader appends for it. */
export const changeCases = [
  "grow",
  "shrink",
  "replace",
  "leaderLeaves",
  "learners",
  "address",
  /** A voter's place goes back to its node, whose disk was lost. */
  "rejoin",
] as const;
export type ChangeCase = (typeof changeCases)[number];

/** What went wrong until that was committed, and its joint phase was over. */
export const changeTroubles = [
  "nothing",
  /** A link between two nodes lost something for good, or a node ended. */
  "cut",
  "crash",
  /** Another leader was elected; the entry was cut from its log, or another one took its place. */
  "newLeader",
  "takenBack",
  /** Somebody else wanted other members; the leadership was to be handed on. */
  "rival",
  "transfer",
  /** A node was sent a snapshot. */
  "install",
] as const;
export type ChangeTrouble = (typeof changeTroubles)[number];

export function changeCell(change: ChangeCase, trouble: ChangeTrouble): string {
  return `change ${change} ${trouble}`;
}

export const changeCells: readonly string[] = changeCases.flatMap((change) =>
  changeTroubles.map((trouble) => changeCell(change, trouble)),
);

/** How a node that was asked for a transfer answered. */
export const transferEnds = ["done", "calledOff", "refused"] as const;
export type TransferEnd = (typeof transferEnds)[number];

export function transferCell(target: TransferTarget, end: TransferEnd): string {
  return `transfer ${target} ${end}`;
}

export const transferCells: readonly string[] = transferTargets.flatMap((target) =>
  transferEnds.map((end) => transferCell(target, end)),
);

/** What leases met. */
export const leaseCells = [
  /** A leader that was asked for a read had one; its clock was wrong. */
  "lease held",
  "lease drift",
  /** A leader lost it since its clock had stood still, or its wall clock was set. */
  "lease void",
  /** A leader that was asked for a read had none, for it called off a transfer in this term. */
  "lease forfeited",
  /** A voter that had just restarted refused its vote. */
  "lease restarted",
] as const;

/**
 * Calls of `changeMembership`, in the cluster simulation: what they report on the way, how they end
 * (the reasons of `MembershipChangeFailed`), and whether what failed may still happen.
 */
export const memberCallEvents = [
  "waiting",
  "learning",
  "catchingUp",
  "unreachable",
  "joint",
  "takenOut",
  "done",
  "timeout",
  "aborted",
  "closing",
  "failed",
  "noLeader",
  "notMember",
  "stale",
  "inProgress",
  "unknownServer",
  "notCaughtUp",
  /** The node that was called ended. */
  "driverDied",
  "mayHappen",
  "certain",
] as const;
export type MemberCallEvent =
  | (typeof memberCallEvents)[number]
  | "noVoter"
  | "duplicate"
  | "tooMany";

export function memberCallCell(event: MemberCallEvent): string {
  return `call ${event}`;
}

/** Whoever was to be a voter ended, and came back or never did. */
export const joinerEvents = ["back", "gone"] as const;

export function joinerCell(event: (typeof joinerEvents)[number]): string {
  return `joiner ${event}`;
}

/** What a node says of itself: by `member()`, and when it is told that it was removed. */
export const memberCells = ["member named", "member notNamed", "member removed"] as const;

/** Reads of what a node has applied, in the cluster simulation. */
export const readCells = ["read local", "read atLeast", "read behind"] as const;

/** A leader closed in order, and somebody else led when it was closed; or nobody did. */
export const closingCells = ["closing handedOver", "closing alone"] as const;

/** What becomes of a node's own snapshots, and what its starts make of what they find. */
export const snapshotEvents = [
  /** Why it was taken: the log had grown; somebody asked. */
  "policy",
  "request",
  /** What went wrong while it was written and read back. */
  "slow",
  "noRoom",
  "failedSync",
  "badReads",
  "crash",
  /** A start: from it and the log behind it; the log was reset to it; it was damaged. */
  "restored",
  "reset",
  "replayed",
  "refilled",
] as const;
export type SnapshotEvent = (typeof snapshotEvents)[number];

/** What becomes of sessions and of what is sent in them. */
export const sessionEvents = [
  "opened",
  "closed",
  "executed",
  /**
   * The result of the first time: to whoever asks again, in a later term, of a node that got the
   * session in a snapshot.
   */
  "kept",
  "keptInLaterTerm",
  "keptInSnapshot",
  "resultNotKept",
  "answered",
  "differentCommand",
  "tooManyUnanswered",
  /** The session was gone: too many others, unused for too long, closed. */
  "goneByCount",
  "goneByTime",
  "goneClosed",
  "timePassed",
] as const;
export type SessionEvent = (typeof sessionEvents)[number];

export function snapshotCell(event: SnapshotEvent): string {
  return `snapshot ${event}`;
}

export function sessionCell(event: SessionEvent): string {
  return `session ${event}`;
}

export interface Coverage {
  countChange(change: ChangeCase, trouble: ChangeTrouble): void;
  /** A cell by its name, of those that concern no fault. */
  countCell(cell: string): void;
  countSnapshot(event: SnapshotEvent): void;
  countSession(event: SessionEvent): void;
  countInstall(installed: InstallCase, trouble: InstallTrouble): void;
  count(kind: FaultKind, role: FaultRole, phase: Phase): void;
  /** `kind role phase` → how often; only what occurred. */
  cells(): Map<string, number>;
}

export function createCoverage(): Coverage {
  const cells = new Map<string, number>();
  const countCell = (cell: string): void => void cells.set(cell, (cells.get(cell) ?? 0) + 1);
  return {
    countCell,
    countInstall: (installed, trouble) => countCell(installCell(installed, trouble)),
    countSnapshot: (event) => countCell(snapshotCell(event)),
    countSession: (event) => countCell(sessionCell(event)),
    countChange: (change, trouble) => countCell(changeCell(change, trouble)),
    count: (kind, role, phase) => countCell(cellName(kind, role, phase)),
    cells: () => new Map(cells),
  };
}

export function cellName(kind: FaultKind, role: FaultRole, phase: Phase): string {
  return `${kind} ${role} ${phase}`;
}

/** Every cell that these kinds should fill. */
export function cellsOf(kinds: readonly NodeFaultKind[]): readonly string[] {
  return kinds.flatMap((kind) =>
    phases.flatMap((phase) => roles.map((role) => cellName(kind, role, phase))),
  );
}

/**
 * What the cluster simulation meets too seldom to be held to; the core simulation is. Outside
 * elections a candidate asks for pre-votes for some milliseconds, writes nothing and sends little:
 * a disk must still be at what it was given before. While the cluster forms, a candidate lives for
 * as long between its parts, and a bridge matters only between them. Leaders that come back with
 * entries of their own are few, since clients notice that they are cut off; so are snapshots that
 * rotted, and both need that something rare befalls just them. The core simulation can do without
 * exceptions.
 */
const seldomInClusters: ReadonlySet<string> = new Set([
  cellName("bridge", "candidate", "bootstrapping"),
  cellName("slowLink", "candidate", "serving"),
  ...(["slowDisk", "hungDisk", "failedSync"] as const).flatMap((kind) =>
    (["serving", "recovering"] as const).map((phase) => cellName(kind, "candidate", phase)),
  ),
  ...installTroubles
    .filter((trouble) => trouble !== "nothing")
    .map((trouble) => installCell("conflicting", trouble)),
  ...(["lost", "late", "doubled", "slow", "source"] as const).map((trouble) =>
    installCell("damaged", trouble),
  ),
]);

/**
 * What comes about too seldom in either simulation for a few hundred seeds: an entry by which
 * voters come is on too many disks at once to be taken back, and few of the other changes meet a
 * snapshot or a transfer; a transfer to a slow node is seldom slow enough.
 */
const seldomInPlans: ReadonlySet<string> = new Set([
  ...changeCases
    .filter((change) => change !== "learners" && change !== "shrink")
    .flatMap((change) => [changeCell(change, "takenBack"), changeCell(change, "install")]),
  changeCell("replace", "transfer"),
  changeCell("address", "transfer"),
  changeCell("rejoin", "transfer"),
  transferCell("slow", "done"),
  transferCell("slow", "calledOff"),
  transferCell("named", "calledOff"),
  transferCell("dead", "calledOff"),
]);

/**
 * What operators of whole nodes meet too seldom besides: their plans are a third, their changes
 * take longer, and a voter's disk is lost only while nobody changes the members. A refused vote
 * can't be told from another one.
 */
const seldomInOperatedClusters: ReadonlySet<string> = new Set([
  ...changeCases.flatMap((change) => [
    changeCell(change, "takenBack"),
    changeCell(change, "install"),
  ]),
  ...changeTroubles
    .filter((trouble) => trouble !== "nothing")
    .map((trouble) => changeCell("rejoin", trouble)),
  changeCell("replace", "newLeader"),
  changeCell("replace", "rival"),
  changeCell("replace", "crash"),
  changeCell("grow", "transfer"),
  changeCell("grow", "newLeader"),
  changeCell("address", "newLeader"),
  changeCell("address", "rival"),
  transferCell("dead", "done"),
  "lease forfeited",
  "lease restarted",
  ...(["failed", "inProgress", "notCaughtUp", "takenOut"] as const).map(memberCallCell),
]);

/** Of the cells that concern operators. */
const operatedCells: readonly string[] = [
  ...changeCells,
  ...transferCells,
  ...leaseCells,
  ...memberCallEvents.map(memberCallCell),
  ...joinerEvents.map(joinerCell),
  ...closingCells,
  ...memberCells,
  ...readCells,
].filter((cell) => !seldomInPlans.has(cell) && !seldomInOperatedClusters.has(cell));

/** Every cell that a simulation must fill, given enough seeds. */
export function demandedCells(simulation: Simulation): readonly string[] {
  const cells = cellsOf(kindsOf(simulation));
  return simulation === "core"
    ? [...cells, ...installCells, ...changeCells, ...transferCells, ...leaseCells].filter(
        (cell) => !seldomInPlans.has(cell),
      )
    : [
        ...[...cells, ...installCells].filter((cell) => !seldomInClusters.has(cell)),
        ...snapshotEvents.map(snapshotCell),
        ...sessionEvents.map(sessionCell),
        ...operatedCells,
      ];
}
