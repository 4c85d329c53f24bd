// What a node is made with: its options, and what its storage and state machine kept. Types only.
import type { Random } from "./ports/random.js";
import type { SnapshotMeta } from "./ports/snapshot-storage.js";
import type { EntryRun, HardState, Index, NodeId, Peer, Term } from "./types.js";

export interface RaftOptions {
  readonly id: NodeId;
  readonly incarnation: string;
  readonly run: number;
  /** Where the others reach this node. */
  readonly address: string;
  /**
   * Names the cluster that this node would bootstrap: random, at least 128 bits in 22 characters of
   * `[A-Za-z0-9_-]`. Not used once a configuration is known.
   */
  readonly clusterInstance: string;
  /** It takes the place of the voter of its id, whose data directory is lost. */
  readonly rejoin?: boolean | undefined;
  /** The initial voters, the same list on every node; empty: it joins, or it has a log. */
  readonly bootstrap: readonly Peer[];
  /** Uniform in [0, 1): the only source of chance. */
  readonly random: Random;
  readonly electionTimeoutMs: { readonly min: number; readonly max: number };
  readonly heartbeatIntervalMs: number;
  /** Entries' bytes in one AppendEntries; a larger entry travels alone. */
  readonly maxMessageBytes: number;
  /**
   * What one follower may be sent without having acknowledged it; also what a node may forward
   * unanswered.
   */
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** Beyond these a leader refuses proposals (data plus 256 bytes an entry). */
  readonly maxUncommittedBytes: number;
  readonly maxLogBytes: number;
  /**
   * How much time a leader lets pass at least between two clock entries: milliseconds, from 1 to
   * CLOCK_ELAPSED_MS_MAX. Undefined: it appends none.
   */
  readonly clockIntervalMs?: number | undefined;
  /**
   * By how much the rate of any node's clock differs from that of real time at most: 0.01 is one
   * percent; above 0, below 1. Given, a leader may answer reads by a lease. Undefined: it asks for
   * none, and promises none.
   */
  readonly leaseDriftRate?: number | undefined;
}

/** What the storage and the state machine brought back. */
export interface PersistedState {
  readonly hardState: HardState;
  readonly base: { readonly index: Index; readonly term: Term };
  readonly entries: readonly EntryRun[];
  /** The newest snapshot, if it is whole; null: there is none, or it is damaged. */
  readonly snapshot: SnapshotMeta | null;
  /**
   * Of the newest one, where that is damaged: only one at this index or above takes its place. 0: it
   * isn't.
   */
  readonly damagedSnapshotIndex: Index;
  /**
   * What the state machine holds: a durable one says that itself, one in memory holds the snapshot
   * that it was restored from, or nothing (0).
   */
  readonly applied: Index;
}
