// Messages between nodes. `to` is the incarnation that a message is addressed to; every message
// carries a term (R08). Field names are those of the paper's Figure 2 where it has them.
import type { Configuration, EntryRun, Index, NodeId, Peer, Term } from "../types.js";

interface Envelope {
  /** The addressee's incarnation; empty only in the bootstrap request and in introductions. */
  readonly to: string;
  /**
   * The sender's current term; in a pre-vote and its granted reply the term that the candidate
   * would campaign for.
   */
  readonly term: Term;
}

/** Would you vote for me? Changes no state (thesis §9.6). */
export interface PreVote extends Envelope {
  readonly type: "preVote";
  /** Of the entry of the configuration in force at the sender: see `Removed`. */
  readonly configurationIndex: Index;
  readonly lastLogIndex: Index;
  readonly lastLogTerm: Term;
}

export interface PreVoteReply extends Envelope {
  readonly type: "preVoteReply";
  readonly voteGranted: boolean;
}

export interface RequestVote extends Envelope {
  readonly type: "requestVote";
  readonly configurationIndex: Index;
  readonly lastLogIndex: Index;
  readonly lastLogTerm: Term;
  /**
   * The leader itself asked for this election: it isn't refused in the leader's favour (thesis
   * §4.2.3).
   */
  readonly transfer: boolean;
}

export interface RequestVoteReply extends Envelope {
  readonly type: "requestVoteReply";
  readonly voteGranted: boolean;
}

/**
 * The configuration committed at this index doesn't name the addressee, and is at least as late as
 * the one that it asked with. The answer to its pre-votes and RequestVotes.
 */
export interface Removed extends Envelope {
  readonly type: "removed";
  readonly configurationIndex: Index;
}

export interface AppendEntries extends Envelope {
  readonly type: "appendEntries";
  readonly prevLogIndex: Index;
  readonly prevLogTerm: Term;
  readonly leaderCommit: Index;
  /**
   * Counts up within a leadership; a reply to this round or a later one proves that the leader
   * still led when it asked (thesis §6.4).
   */
  readonly round: number;
  /**
   * What the addressee has acknowledged in this term: durable there, as far as this leader knows.
   * At most `prevLogIndex`, if that isn't 0; 0: nothing yet.
   */
  readonly matchIndex: Index;
  /**
   * For how many real milliseconds after hearing this round the addressee is asked to elect nobody
   * else. 0: it isn't asked.
   */
  readonly leaseMs: number;
  /** Contiguous from `prevLogIndex + 1`; empty in a plain heartbeat. */
  readonly entries: readonly EntryRun[];
}

export interface AppendEntriesReply extends Envelope {
  readonly type: "appendEntriesReply";
  /** The latest round heard from this leader in this term. */
  readonly round: number;
  /**
   * False: the log doesn't hold `prevLogIndex` with `prevLogTerm`, or the request's term was over.
   */
  readonly success: boolean;
  /** The last index that is verified against this leader and durable. */
  readonly matchIndex: Index;
  /**
   * The last index that is verified against this leader, durable or not: flow control only, no
   * promise.
   */
  readonly verifiedIndex: Index;
  /**
   * Of a refused request: its `prevLogIndex`, and the last index where the logs may agree, with its
   * term here.
   */
  readonly prevLogIndex: Index;
  readonly conflictIndex: Index;
  readonly conflictTerm: Term;
  /**
   * This log begins after a lost snapshot: it needs one at this index or above. 0: nothing is
   * missing.
   */
  readonly neededSnapshot: Index;
  /** Whether it promises to elect nobody else for as long as this round asked. */
  readonly promised: boolean;
}

/**
 * A part of the leader's snapshot, for a follower that needs entries which the leader's log no
 * longer holds (paper §7, Figure 13).
 */
export interface InstallSnapshot extends Envelope {
  readonly type: "installSnapshot";
  /** Rises within a leadership: of two, the later one counts. */
  readonly attempt: number;
  readonly lastIncludedIndex: Index;
  readonly lastIncludedTerm: Term;
  /** The one in force at `lastIncludedIndex`, and the index of its entry. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
  /** Of the whole snapshot: its length, and the CRC-32 of its data. */
  readonly bytes: number;
  readonly crc: number;
  /** The position of `data` in it. */
  readonly offset: number;
  /** At least a byte, unless the snapshot is empty. */
  readonly data: Uint8Array;
}

export interface InstallSnapshotReply extends Envelope {
  readonly type: "installSnapshotReply";
  readonly attempt: number;
  /** How many bytes from the beginning are written; flow control only, no promise. */
  readonly offset: number;
  /**
   * `damaged`: length or checksum is wrong. `failed`: it could not be stored. Both end this
   * attempt.
   */
  readonly outcome: "receiving" | "damaged" | "failed";
}

/**
 * Why a proposal was refused. `overloaded`: too much is uncommitted, a pause helps; `logFull`: the
 * log has reached `maxLogBytes`, a snapshot or a larger limit helps; `diskFull`: the leader's disk
 * has no room beyond its reserve; `transferring`: the leader is transferring its leadership, the
 * next leader will accept it.
 */
export type Refusal = "notLeader" | "overloaded" | "logFull" | "diskFull" | "transferring";

/** Proposals of a node that isn't the leader, sent once. */
export interface Forward extends Envelope {
  readonly type: "forward";
  /** The sender numbers its proposals; this message holds those from `firstSeq` on. */
  readonly firstSeq: number;
  /**
   * Commands in the form in which the leader appends them: `firstIndex` is 0, the terms are `term`.
   */
  readonly entries: EntryRun;
}

export interface ForwardReply extends Envelope {
  readonly type: "forwardReply";
  /** The run of the node that asked; an answer to another run is ignored. */
  readonly run: number;
  readonly firstSeq: number;
  readonly count: number;
  readonly verdict: "accepted" | Refusal;
  /** The index and the term of the first one in the log; both 0 if refused. */
  readonly firstIndex: Index;
  readonly entryTerm: Term;
}

/** From which index on may I answer reads? */
export interface ReadIndex extends Envelope {
  readonly type: "readIndex";
  readonly id: number;
  /** The leader may answer by its lease, if it has one. */
  readonly byLease: boolean;
}

export interface ReadIndexReply extends Envelope {
  readonly type: "readIndexReply";
  readonly run: number;
  readonly id: number;
  readonly success: boolean;
  readonly readIndex: Index;
}

/** Are you blank, and were you started with these initial voters? */
export interface BootstrapRequest extends Envelope {
  readonly type: "bootstrapRequest";
  readonly voters: readonly Peer[];
}

export interface BootstrapReply extends Envelope {
  readonly type: "bootstrapReply";
  /** The run of the node that asked. */
  readonly run: number;
  readonly blank: boolean;
  readonly agrees: boolean;
}

/**
 * The sender's address. Sent by a node that no configuration names as it is; `to` is empty.
 */
export interface Introduce extends Envelope {
  readonly type: "introduce";
  readonly address: string;
  /** The sender replaces the voter with its id, whose data directory is lost. */
  readonly rejoin: boolean;
  /** Of the sender's configuration; empty: it holds none. */
  readonly clusterInstance: string;
}

export type IntroductionVerdict =
  /** Nothing prevents it: a membership change can name it. */
  | "waiting"
  /** It is a member. */
  | "member"
  /** A member has this id, with another data directory. */
  | "idTaken"
  /** It would replace a voter that answered within an election timeout. */
  | "stillThere"
  /** A member of another id has this address. */
  | "addressTaken"
  /** Its log is another cluster's. */
  | "otherCluster"
  /** Its log is another cluster's, and this one's configuration names its id. */
  | "otherInstance"
  /** It would replace a voter, but no member has its id: a membership change can name it. */
  | "notMember";

export interface Introduced extends Envelope {
  readonly type: "introduced";
  /** The leader and its address; null: none is known. */
  readonly leader: Peer | null;
  /** Of the answering node's configuration. */
  readonly clusterInstance: string;
  readonly verdict: IntroductionVerdict;
}

/** Another node's operator wants to replace the members of `expected` by these. */
export interface ChangeMembership extends Envelope {
  readonly type: "changeMembership";
  /** Each later than the one before, within a run of the sender. */
  readonly id: number;
  /** The entry of the configuration that is to be changed. */
  readonly expected: Index;
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** The outcome of a membership change. Nothing was appended unless it is `accepted`. */
export type MembershipVerdict =
  /**
   * The entry at `index` makes the change: the only one if voters stay the same, else the joint
   * one, which the leader leaves by itself. If nothing changes: the entry in force.
   */
  | { readonly type: "accepted"; readonly index: Index; readonly term: Term }
  | { readonly type: "notLeader" }
  /** The leader has committed no entry of its own term yet: soon. */
  | { readonly type: "notReady" }
  /** The configuration at `index` is joint or not committed. */
  | { readonly type: "inProgress"; readonly index: Index }
  /** The one in force is that at `index`, not the expected one. */
  | { readonly type: "stale"; readonly index: Index }
  | { readonly type: "noVoter" }
  /** More members than a configuration holds, in all lists together. */
  | { readonly type: "tooMany" }
  /** They are named twice, or share an address. */
  | { readonly type: "duplicate"; readonly ids: readonly NodeId[] }
  /** They aren't members, and haven't introduced themselves recently. */
  | { readonly type: "unknownServer"; readonly ids: readonly NodeId[] }
  /**
   * It isn't a learner, or is too far behind: it is known to have `matchIndex` of `lastIndex`, and
   * `writtenBytes` of the `bytes` of a snapshot that it is sent (both 0: none is sent).
   */
  | {
      readonly type: "notCaughtUp";
      readonly id: NodeId;
      readonly matchIndex: Index;
      readonly lastIndex: Index;
      readonly writtenBytes: number;
      readonly bytes: number;
    }
  /** These haven't answered within an election timeout: without them there is no majority. */
  | { readonly type: "unreachable"; readonly ids: readonly NodeId[] };

export interface ChangeMembershipReply extends Envelope {
  readonly type: "changeMembershipReply";
  /** The run of the node that asked. */
  readonly run: number;
  readonly id: number;
  readonly verdict: MembershipVerdict;
}

/** The hash of the sender's state machine after `index`, to be compared. */
export interface StateHash extends Envelope {
  readonly type: "stateHash";
  readonly index: Index;
  /** 1 to 128 characters, defined by the state machine. */
  readonly hash: string;
  /** It answers another hash, which differed; it isn't answered itself. */
  readonly answer: boolean;
}

/**
 * The leader transfers its leadership: campaign at once, without a pre-vote (thesis §3.10).
 */
export interface TimeoutNow extends Envelope {
  readonly type: "timeoutNow";
  /** The leader's present round: a node that has heard a later one ignores this message. */
  readonly round: number;
}

/**
 * Why a leadership isn't transferred. `unreachable`, `behind` and `notElected` come after the
 * longest election timeout: the target wasn't heard, or still lacked entries, or was told to
 * campaign and doesn't lead.
 */
export type TransferRefusal =
  | "notLeader"
  | "unknownServer"
  | "notVoter"
  /** There is no other voter. */
  | "noOtherVoter"
  /** To another node. */
  | "inProgress"
  | "unreachable"
  | "behind"
  | "notElected";

/** Another node's user asks the leader to transfer its leadership. */
export interface TransferLeadership extends Envelope {
  readonly type: "transferLeadership";
  readonly id: number;
  /** Null: the voter with the most complete log. */
  readonly target: NodeId | null;
}

/** A refusal may follow an acceptance; success isn't reported, since every node sees it. */
export interface TransferLeadershipReply extends Envelope {
  readonly type: "transferLeadershipReply";
  /** The run of the node that asked. */
  readonly run: number;
  readonly id: number;
  readonly verdict: "accepted" | TransferRefusal;
}

export type Message =
  | PreVote
  | PreVoteReply
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendEntriesReply
  | InstallSnapshot
  | InstallSnapshotReply
  | Forward
  | ForwardReply
  | ReadIndex
  | ReadIndexReply
  | BootstrapRequest
  | BootstrapReply
  | StateHash
  | TimeoutNow
  | TransferLeadership
  | TransferLeadershipReply
  | Removed
  | Introduce
  | Introduced
  | ChangeMembership
  | ChangeMembershipReply;
