// What a node is created from: its options, and what its storage and state machine kept. Types
// only.
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
  /**
   * The node replaces the voter with its id, whose data directory is lost. For a node that holds
   * nothing: one with a log was named already, or is another node's.
   */
  readonly rejoin?: boolean | undefined;
  /** The initial voters, the same list on every node; empty: it joins, or it has a log. */
  readonly bootstrap: readonly Peer[];
  /** Uniform in [0, 1): the only source of randomness. */
  readonly random: Random;
  readonly electionTimeoutMs: { readonly min: number; readonly max: number };
  readonly heartbeatIntervalMs: number;
  /** Entries' bytes in one AppendEntries; a larger entry travels alone. */
  readonly maxMessageBytes: number;
  /**
   * How much may be in flight to one follower without an acknowledgement; also how much a node may
   * forward without an answer.
   */
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** Beyond these limits a leader refuses proposals (data plus 256 bytes per entry). */
  readonly maxUncommittedBytes: number;
  readonly maxLogBytes: number;
  /**
   * The minimum time between two clock entries of a leader: milliseconds, from 1 to
   * CLOCK_ELAPSED_MS_MAX. Undefined: it appends none.
   */
  readonly clockIntervalMs?: number | undefined;
  /**
   * The largest difference between the rate of any node's clock and real time: 0.01 is one percent;
   * above 0, below 1. If given, a leader may answer reads by a lease. Undefined: the node asks for
   * no lease, and promises none.
   */
  readonly leaseDriftRate?: number | undefined;
}

/** What the storage and the state machine kept. */
export interface PersistedState {
  readonly hardState: HardState;
  readonly base: { readonly index: Index; readonly term: Term };
  readonly entries: readonly EntryRun[];
  /** The newest snapshot, if it is whole; null: there is none, or it is damaged. */
  readonly snapshot: SnapshotMeta | null;
  /**
   * The index of the newest snapshot if that is damaged: only one at this index or above replaces
   * it. 0: it isn't damaged.
   */
  readonly damagedSnapshotIndex: Index;
  /**
   * The index of the state machine's state: a durable machine reports it, one in memory has that of
   * the snapshot from which it was restored, or 0.
   */
  readonly applied: Index;
}
