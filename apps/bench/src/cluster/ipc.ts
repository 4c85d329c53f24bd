// What the benchmarks and their server processes say to each other beside the load.
import type { Timeouts } from "../gaps/system.js";

/** How a server process is started: its only argument, as JSON. */
export interface ServerSettings {
  readonly id: string;
  readonly directory: string;
  /** Of the edge, on loopback. */
  readonly port: number;
  readonly peers: readonly { readonly id: string; readonly address: string }[];
  /** Undefined: no snapshots are kept, and the bound is the default one. */
  readonly maxLogBytes?: number;
  /** Undefined: the default ones. */
  readonly timeouts?: Timeouts;
  /** Whether the event loop is watched; what it costs would else be in every figure. */
  readonly watchesBlocks: boolean;
}

/** `snapshot` takes one first, `keys` counts them with a linearizable read. */
export type AskedFor = "report" | "snapshot" | "keys";

export type ServerQuestion =
  | { readonly type: "ask"; readonly question: number; readonly what: AskedFor }
  /** Ends the node in order, then the process. */
  | { readonly type: "close" };

export type ServerMessage =
  /** The edge accepts connections. `openedMs`: from the start of the process to the open node. */
  | { readonly type: "listening"; readonly openedMs: number }
  /** This node begins to take a snapshot, or has saved it. */
  | { readonly type: "taking"; readonly taking: boolean }
  | { readonly type: "report"; readonly question: number; readonly report: BenchReport };

export interface BenchReport {
  readonly id: string;
  readonly role: "follower" | "candidate" | "leader" | null;
  readonly term: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  readonly persists: number;
  readonly messagesSent: number;
  readonly cpuUs: number;
  readonly memory: MemoryReport;
  /** As the bound counts: data, plus 256 bytes an entry. */
  readonly logBytes: number;
  readonly baseIndex: number;
  /** The newest; 0: there is none. */
  readonly snapshotIndex: number;
  readonly snapshotBytes: number;
  /** A snapshot is on its way to a follower. */
  readonly sending: boolean;
  readonly snapshots: SnapshotReport;
  readonly blocks: BlockReport;
  /** Proposals and reads that failed since the start, by the error's code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Null: not asked for. */
  readonly keys: number | null;
}

/** Bytes. */
export interface MemoryReport {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  /** Part of `external`. */
  readonly arrayBuffers: number;
}

export interface SnapshotReport {
  /** Of this node's own, since the start. */
  readonly taken: number;
  /** The leader's, since the start. */
  readonly installed: number;
  /** One was being taken at some time since the last report. */
  readonly wasTaking: boolean;
  /** The longest call of the state machine's `snapshot` since the last report. */
  readonly captureMaxMs: number;
}

/**
 * How long the event loop gave nobody a turn, since the last report: the longest time. Up to a
 * millisecond of it is rest. All 0 where it isn't watched.
 */
export interface BlockReport {
  /** While a snapshot was being taken: from its capture to its being saved. */
  readonly duringMs: number;
  readonly betweenMs: number;
  /** How many were longer than 10 ms. */
  readonly longDuring: number;
  readonly longBetween: number;
  /** The longest pause for garbage collection, which is part of the above. */
  readonly gcMaxMs: number;
}
