// What the dashboard shows: the messages that a server, or the test cluster, sends to the page.
// Types only.

/** The picture of one moment. */
export interface DashboardView {
  /** Null: the view of one node, whose processes nobody controls. */
  readonly cluster: ClusterPart | null;
  readonly nodes: readonly NodeView[];
}

/** What only the test cluster knows. */
export interface ClusterPart {
  /** Pairs of nodes that can't reach each other, the smaller id first. */
  readonly cuts: readonly (readonly [string, string])[];
  /** A command that changes the members: what it is, and its last step. Null: none is under way. */
  readonly underWay: string | null;
  readonly load: LoadView | null;
  readonly chaos: ChaosView | null;
}

export interface NodeView {
  readonly id: string;
  /** Null where its process isn't known. */
  readonly process: ProcessView | null;
  /** `host:port` of its API. */
  readonly http: string | null;
  /** Whether it does now. */
  readonly answers: boolean;
  /** What it said last; null: nothing yet. */
  readonly raft: RaftView | null;
}

export interface ProcessView {
  readonly state: "starting" | "running" | "paused" | "killed" | "ended";
  readonly pid: number | null;
  /** Why it ended by itself. */
  readonly reason: string | null;
  /** By so much each write of its disk is delayed. */
  readonly diskDelayMs: number;
}

/** What a node says of itself. */
export interface RaftView {
  /** Null: it has stopped, its server hasn't. */
  readonly role: "follower" | "preCandidate" | "candidate" | "leader" | null;
  readonly term: number;
  readonly leaderId: string | null;
  readonly lastIndex: number;
  readonly durableIndex: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  /** The log begins after it. */
  readonly baseIndex: number;
  readonly snapshot: { readonly index: number; readonly bytes: number } | null;
  readonly configuration: Members | null;
  readonly configurationIndex: number;
  readonly configurationCommitted: boolean;
  /** On a leader: the others. */
  readonly peers: readonly PeerView[];
  /** The last entries on its disk. */
  readonly log: readonly EntryView[];
  readonly figures: Figures;
}

export interface Members {
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /** While voters change: the previous ones, who decide, too. */
  readonly outgoing: readonly string[];
}

export interface PeerView {
  readonly id: string;
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly lastContactMs: number;
  /** A snapshot that it is being sent. */
  readonly install: { readonly writtenBytes: number; readonly bytes: number } | null;
}

export interface EntryView {
  readonly index: number;
  readonly term: number;
  /** A word or two. */
  readonly label: string;
  readonly text: string;
}

/** Counted since the process began: what happened lately is a difference of two. */
export interface Figures {
  /** Of Raft, from and to all other nodes. */
  readonly messages: { readonly received: number; readonly sent: number };
  /** Proposals of this node until their commit. */
  readonly commit: HistogramView;
  /** Writes of the log until they are durable. */
  readonly sync: HistogramView;
}

export interface HistogramView {
  /** Upper ends of the buckets, in seconds; the last bucket has none. */
  readonly bounds: readonly number[];
  /** In each bucket, not added up. */
  readonly counts: readonly number[];
}

export interface LoadView {
  /** At most so many writes a second. */
  readonly rate: number;
  readonly done: number;
  readonly failed: number;
}

/** A run in a cluster of its own. */
export interface ChaosView {
  readonly state: "running" | "passed" | "failed" | "stopped";
  readonly seconds: number;
  /** What it has said. */
  readonly lines: readonly string[];
  /** Whether `GET /v1/chaos/report` has a page for it. */
  readonly hasReport: boolean;
}

export type HappeningKind = "leader" | "election" | "members" | "snapshot" | "process" | "fault";

/** A line of the timeline. */
export interface Happening {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: HappeningKind;
  /** Null: it concerns the cluster. */
  readonly node: string | null;
  readonly text: string;
}
