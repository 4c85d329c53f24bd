// A run of the proof, written down before it begins: everything that will go wrong, when and to
// whom. It follows from a seed alone, and it is plain data, so that a failing run can be repeated,
// printed, and shrunk by taking things out of it.

/**
 * What a run simulates: `core` drives `Raft` alone, `cluster` unchanged nodes with the real file
 * log.
 */
export const simulations = ["core", "cluster"] as const;
export type Simulation = (typeof simulations)[number];

/**
 * What can go wrong. Those marked 2 need real storage, codecs or processes and exist in the cluster
 * simulation only.
 */
export const faultKinds = [
  // the network; they last, on some links in one or both directions
  "loss",
  "delay",
  "duplicate",
  "reorder",
  "corrupt" /* 2 */,
  "slowLink",
  "cutOneWay",
  "partition",
  "bridge",
  // processes
  "crash",
  "crashAtAwait" /* 2 */,
  "powerCut",
  "pause",
  "wipe",
  // disks
  "slowDisk",
  "hungDisk",
  "failedSync",
  "diskFull" /* 2 */,
  "bitFlip" /* 2 */,
  "tornWrite" /* 2 */,
  "reorderedWrites" /* 2 */,
  "lostRename" /* 2 */,
  // clocks
  "clockDrift",
  "clockJump",
  "clockStall",
] as const;
/** The rows of the coverage matrix by role and phase. */
export type NodeFaultKind = (typeof faultKinds)[number];

/**
 * What can go wrong with snapshots, where there are some: the snapshot lane is slow, has no room,
 * or reads what isn't there; the disk damages what it keeps. They count by what they disturb
 * (coverage.ts).
 */
export const snapshotFaultKinds = [
  "slowSnapshots",
  "noRoom",
  "badReads",
  "rottenSnapshot",
] as const;
/**
 * What operators ask for, in plans in which they ask for anything: members come, go and move, and
 * leaderships are handed on. They count by what goes wrong meanwhile.
 */
export const memberChangeKinds = [
  "addVoters",
  "removeVoters",
  "replaceVoters",
  "removeLeader",
  "changeLearners",
] as const;
export type MemberChangeKind = (typeof memberChangeKinds)[number];
/** To whom a leadership is to go: a node that is named may be down, or slow. */
export const transferTargets = ["furthest", "named", "dead", "slow"] as const;
export type TransferTarget = (typeof transferTargets)[number];
export const operatorKinds = [
  ...memberChangeKinds,
  "moveAddress",
  "transfer",
  // Cluster simulation only: whoever is to be a voter ends, perhaps for good; so does the node on
  // which a change is driven.
  "joinerDies",
  "driverDies",
] as const;
export type OperatorKind = (typeof operatorKinds)[number];

export type FaultKind = NodeFaultKind | (typeof snapshotFaultKinds)[number] | OperatorKind;

export type FaultRole = "follower" | "candidate" | "leader";

/**
 * What the cluster is about, as somebody sees who sees all of it. bootstrapping: nothing was ever
 * committed. electing: nobody leads in the latest term with an own entry committed. serving:
 * somebody does, every node runs, and each has committed what was committed two heartbeats ago.
 * recovering: somebody does, and some node is down, paused, opening, or lags further behind. Every
 * role occurs in every phase: in serving and recovering a candidate is one that asks for pre-votes,
 * in bootstrapping and electing a leader is one that has committed nothing of its own yet.
 */
export const phases = ["bootstrapping", "electing", "serving", "recovering"] as const;
export type Phase = (typeof phases)[number];

export interface Fault {
  readonly kind: FaultKind;
  /**
   * It waits for the first moment after this one (ms since the start) at which some node has this
   * role in this phase, and befalls that node (its links, its disk). Of several nodes, the one that
   * comes first when they are counted from `at` modulo their number.
   */
  readonly at: number;
  readonly role: FaultRole;
  readonly phase: Phase;
  /**
   * It waits for a node that is being sent a snapshot, too, or for one whose disk has that, but not
   * yet the log behind it; for a leader, while there is any. `taking`, in the cluster simulation
   * only: for a node that writes a snapshot of its own.
   */
  readonly duringInstall?: "receiving" | "resetting" | "taking";
  /** It waits until a leader has begun to change the members, and that isn't committed. */
  readonly duringChange?: true;
  /**
   * So long after that moment it begins, whatever has become of that node by then, unless the node
   * is down. Not given: at once. ms
   */
  readonly lagMs?: number;
  /** How long it lasts; for a node that ends: how long until it is started again. ms */
  readonly durationMs: number;
  /**
   * Uniform in [0, 1): how bad it is; each kind makes its own number of it (a probability, a delay,
   * a factor).
   */
  readonly severity: number;
}

export interface Plan {
  readonly seed: number;
  readonly simulation: Simulation;
  /** 1 to 7. */
  readonly nodes: number;
  /** How long faults may begin; then everything heals and the cluster must serve. ms */
  readonly safetyMs: number;
  readonly load: {
    readonly clients: number;
    readonly keys: number;
    /** Between two operations of one client, on average. ms */
    readonly pauseMs: number;
    /** A client asks one node for up to so many at once. Not given: one. Core simulation only. */
    readonly burst?: number;
  };
  /**
   * Limits of the nodes other than the seed says: small ones make logs meet step by step. Core
   * simulation only.
   */
  readonly limits?: { readonly maxMessageBytes: number; readonly maxInflightMessages: number };
  /** Nodes take snapshots, and their logs are bounded so tightly that they need them. */
  readonly snapshots?: {
    readonly maxLogBytes: number;
    /** As the option. Cluster simulation only; in the other one half of `maxLogBytes`. */
    readonly snapshotAfterBytes?: number;
    /**
     * Each node is asked for one so often, on average, besides those that the log's growth asks
     * for; 0: never. ms
     */
    readonly requestMs: number;
    /** Up to so long takes each piece of work. ms */
    readonly laneMs: number;
    /** Messages are no longer than this, and a snapshot is so many of them. */
    readonly partBytes: number;
    readonly parts: number;
  };
  /**
   * So many nodes found the cluster, those that come first; the others join it. Not given: all of
   * them, and the members stay.
   */
  readonly founders?: number;
  /** Leases are on, and no clock differs from real time by more than this. */
  readonly leaseDriftRate?: number;
  /**
   * Some clients send their writes in sessions, and some of them more than once. Cluster simulation
   * only.
   */
  readonly sessions?: {
    readonly clients: number;
    readonly maxSessions: number;
    readonly maxUnanswered: number;
    /** In replicated time; 0: they go by count only. ms */
    readonly expireAfterMs: number;
    readonly maxResultBytes: number;
  };
  /** In order of `at`. */
  readonly faults: readonly Fault[];
}

/** What a run showed. */
export interface Outcome {
  readonly plan: Plan;
  /** Over the whole trace: equal on every machine and Node version. */
  readonly hash: string;
  /** Simulated milliseconds. */
  readonly virtualMs: number;
  /** What really took effect, as `kind role phase` → how often; see coverage.ts. */
  readonly injected: ReadonlyMap<string, number>;
  /** Where nodes take snapshots: how often what happened, with sessions too. */
  readonly snapshots?: Readonly<Record<string, number>>;
  /** Operations of clients: answered, refused, without a known outcome. */
  readonly operations: {
    readonly answered: number;
    readonly refused: number;
    readonly unknown: number;
  };
  /** Undefined: nothing wrong. Otherwise which invariant or check, and what it saw. */
  readonly failure: { readonly check: string; readonly message: string } | undefined;
  /** The latest lines of the trace, or all of them when asked for. */
  readonly trace: readonly string[];
}

/** Carries a plan out. It never rejects for what the cluster does; that is `failure`. */
export type RunPlan = (plan: Plan, options: { readonly fullTrace: boolean }) => Promise<Outcome>;
