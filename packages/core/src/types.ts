// The nouns of Raft (paper, Figure 2) and of this project. Types only.

/** A node's name, chosen by its operator: `[A-Za-z0-9_-]{1,64}`. */
export type NodeId = string;

/** A period with at most one leader, counted up from 1 (0: none yet). Paper §5.1. */
export type Term = number;

/** A position in the log, counted up from 1 (0: before the first entry). */
export type Index = number;

/** A node and its address, in the transport's own notation. */
export interface Peer {
  readonly id: NodeId;
  readonly address: string;
}

/**
 * A node with one data directory, which votes and acknowledges. A wiped node comes back with
 * another incarnation, and is another member.
 */
export interface Member {
  readonly id: NodeId;
  readonly incarnation: string;
}

/** A member of a configuration, with its address. */
export interface Server extends Peer, Member {}

/**
 * The sender of a message: one run (opening) of one data directory of one node, as its transport
 * introduced it.
 */
export interface Sender extends Member {
  readonly run: number;
}

/**
 * The members of a cluster. Stored in the log as an entry; the latest one in the log is in force,
 * committed or not (paper §6). Across all lists, an id has one incarnation and address, and an
 * address has one id; only a voter that is being replaced by a learner of its id (`rejoining`) has
 * another incarnation while it is outgoing.
 */
export interface Configuration {
  /** Random, drawn when the cluster was bootstrapped, the same in every later configuration. */
  readonly clusterInstance: string;
  /** Their votes and acknowledgements count. */
  readonly voters: readonly Server[];
  /** They are sent the log, and never count (thesis §4.2.1). No node is both voter and learner. */
  readonly learners: readonly Server[];
  /**
   * While voters change: the previous voters, of which a majority is needed too (joint consensus).
   * Otherwise empty.
   */
  readonly outgoing: readonly Server[];
  /**
   * Learners that take the place of a voter of their id, whose data directory is lost: leaders make
   * them voters without being asked. Left out where there are none.
   */
  readonly rejoining?: readonly NodeId[];
}

/** Figure 2's persistent state, apart from the log. */
export interface HardState {
  readonly currentTerm: Term;
  readonly votedFor: Member | null;
}

/** Contiguous entries in their binary form. */
export interface EntryRun {
  readonly firstIndex: Index;
  readonly count: number;
  readonly bytes: Uint8Array;
}
