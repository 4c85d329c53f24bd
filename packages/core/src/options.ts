// What a node is made with: its options, and what its storage and state machine kept. Types only.
import type { Random } from "./ports/random.js";
import type { EntryRun, HardState, Index, NodeId, Peer, Term } from "./types.js";

export interface RaftOptions {
  readonly id: NodeId;
  readonly incarnation: string;
  readonly run: number;
  /** The initial voters, the same list on every node. */
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
}

/** What the storage and the state machine brought back. */
export interface PersistedState {
  readonly hardState: HardState;
  readonly base: { readonly index: Index; readonly term: Term };
  readonly entries: readonly EntryRun[];
  /** How far a state machine with durable state has applied; 0 for one in memory. */
  readonly applied: Index;
}
