// The nouns of Raft (paper, Figure 2) and of this project. Types only.

/** A node's name, chosen by its operator: `[A-Za-z0-9_-]{1,64}`. */
export type NodeId = string;

/** A period with at most one leader, counted up from 1 (0: none yet). Paper §5.1. */
export type Term = number;

/** A position in the log, counted up from 1 (0: before the first entry). */
export type Index = number;

/** Whom to reach, and where. The address is in the transport's own notation. */
export interface Peer {
  readonly id: NodeId;
  readonly address: string;
}

/**
 * A member of a configuration. The incarnation names one data directory: a wiped node comes back
 * with another.
 */
export interface Server extends Peer {
  readonly incarnation: string;
}

/**
 * Who says it: one run (opening) of one data directory of one node, as its transport introduced it.
 */
export interface Sender {
  readonly id: NodeId;
  readonly incarnation: string;
  readonly run: number;
}

/**
 * The members whose votes and acknowledgements count. Stored in the log as an entry; the latest one
 * in the log is in force (paper §6).
 */
export interface Configuration {
  readonly voters: readonly Server[];
}

/** What Figure 2 keeps on stable storage beside the log. */
export interface HardState {
  readonly currentTerm: Term;
  readonly votedFor: NodeId | null;
}

/** Contiguous entries in their binary form. */
export interface EntryRun {
  readonly firstIndex: Index;
  readonly count: number;
  readonly bytes: Uint8Array;
}
