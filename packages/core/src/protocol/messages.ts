// What nodes say to each other. `to` is the incarnation that a message is meant for; every message
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
   * For so many real milliseconds from hearing this round the addressee is asked to elect nobody
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
   * Of a refused request: its `prevLogIndex`, and the last place where the logs can agree, with its
   * term here.
   */
  readonly prevLogIndex: Index;
  readonly conflictIndex: Index;
  readonly conflictTerm: Term;
  /**
   * Where this log begins, behind a snapshot that is lost: it needs one at this index or above. 0:
   * nothing is missing.
   */
  readonly neededSnapshot: Index;
  /** That it won't elect another for as long as it was asked for with this round. */
  readonly promised: boolean;
}

/**
 * A part of the leader's snapshot, for a follower that needs entries which the leader's log doesn't
 * hold any more (paper §7, Figure 13).
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
  /** Where `data` stands in it. */
  readonly offset: number;
  /** At least a byte, unless the snapshot is empty. */
  readonly data: Uint8Array;
}

export interface InstallSnapshotReply extends Envelope {
  readonly type: "installSnapshotReply";
  readonly attempt: number;
  /** So much from the beginning is written; flow control only, no promise. */
  readonly offset: number;
  /**
   * `damaged`: the data isn't what was announced. `failed`: it could not be stored. Both end this
   * attempt.
   */
  readonly outcome: "receiving" | "damaged" | "failed";
}

/**
 * Why a proposal was refused. `overloaded`: too much is uncommitted, a pause helps; `logFull`: the
 * log has reached `maxLogBytes`, it takes a snapshot or a larger bound; `diskFull`: the leader's disk
 * has no room beyond its reserve; `transferring`: the leader hands its leadership on, the next one
 * will take it.
 */
export type Refusal = "notLeader" | "overloaded" | "logFull" | "diskFull" | "transferring";

/** Proposals of a node that isn't the leader, sent once. */
export interface Forward extends Envelope {
  readonly type: "forward";
  /** The sender numbers its proposals; this message holds those from `firstSeq` on. */
  readonly firstSeq: number;
  /**
   * Commands in the form that the leader appends as it is: `firstIndex` is 0, the terms are `term`.
   */
  readonly entries: EntryRun;
}

export interface ForwardReply extends Envelope {
  readonly type: "forwardReply";
  /** The run of the node that asked; an answer to another run is none. */
  readonly run: number;
  readonly firstSeq: number;
  readonly count: number;
  readonly verdict: "accepted" | Refusal;
  /** Where the first one stands in the log, and under which term; both 0 when refused. */
  readonly firstIndex: Index;
  readonly entryTerm: Term;
}

/** From which index on may I answer reads? */
export interface ReadIndex extends Envelope {
  readonly type: "readIndex";
  readonly id: number;
  /** The leader may answer by its lease, where it has one. */
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
 * Where I am reached. Said by a node that no configuration names as it is; `to` is empty.
 */
export interface Introduce extends Envelope {
  readonly type: "introduce";
  readonly address: string;
  /** It takes the place of the voter of its id, whose data directory is lost. */
  readonly rejoin: boolean;
  /** Of the sender's configuration; empty: it holds none. */
  readonly clusterInstance: string;
}

export type IntroductionVerdict =
  /** Nobody was in the way: a change of the members can name it. */
  | "waiting"
  /** It is a member. */
  | "member"
  /** A member has this id, with another data directory. */
  | "idTaken"
  /** It would take a voter's place that answered within an election timeout. */
  | "stillThere"
  /** A member of another id has this address. */
  | "addressTaken"
  /** Its log is another cluster's. */
  | "otherCluster"
  /** Its log is another cluster's, and this one's configuration names its id. */
  | "otherInstance";

export interface Introduced extends Envelope {
  readonly type: "introduced";
  /** Where the leader is reached; null: none is known. */
  readonly leader: Peer | null;
  /** Of the answering node's configuration. */
  readonly clusterInstance: string;
  readonly verdict: IntroductionVerdict;
}

/** Another node's operator wants these members in place of those of `expected`. */
export interface ChangeMembership extends Envelope {
  readonly type: "changeMembership";
  readonly id: number;
  /** The entry of the configuration that is to be changed. */
  readonly expected: Index;
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** What became of a change of the members. Nothing was appended unless it is `accepted`. */
export type MembershipVerdict =
  /**
   * The entry at `index` leads there: the last one where voters stay as they are, else the joint one,
   * which the leader leaves by itself. Where nothing changes: the entry that is in force.
   */
  | { readonly type: "accepted"; readonly index: Index; readonly term: Term }
  | { readonly type: "notLeader" }
  /** The leader has committed no entry of its own term yet: soon. */
  | { readonly type: "notReady" }
  /** The configuration at `index` isn't committed, or joint. */
  | { readonly type: "inProgress"; readonly index: Index }
  /** The one in force is that at `index`, not the expected one. */
  | { readonly type: "stale"; readonly index: Index }
  | { readonly type: "noVoter" }
  /** More members than a configuration holds, in all lists together. */
  | { readonly type: "tooMany" }
  /** They are named twice, or share an address. */
  | { readonly type: "duplicate"; readonly ids: readonly NodeId[] }
  /** No members, and not introduced of late. */
  | { readonly type: "unknownServer"; readonly ids: readonly NodeId[] }
  /**
   * It isn't a learner, or too far behind; `matchIndex` of `lastIndex` is known to be there, and of a
   * snapshot that it is sent `writtenBytes` of `bytes` (both 0: it is sent none).
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

/** The state machine's hash once `index` was applied: is it yours, too? */
export interface StateHash extends Envelope {
  readonly type: "stateHash";
  readonly index: Index;
  /** 1 to 128 characters; what it means is the state machine's affair. */
  readonly hash: string;
  /** It answers another one, which differed; it isn't answered. */
  readonly answer: boolean;
}

/**
 * The leader hands its leadership on: campaign at once, without asking first (thesis §3.10).
 */
export interface TimeoutNow extends Envelope {
  readonly type: "timeoutNow";
  /** The leader's present one: whoever heard a later one got this too late. */
  readonly round: number;
}

/**
 * Why a leadership isn't transferred. `unreachable`, `behind` and `notElected` are said when the
 * longest election timeout is over: the target wasn't heard, or lacked entries still, or was told to
 * campaign and doesn't lead.
 */
export type TransferRefusal =
  | "notLeader"
  | "unknownServer"
  | "notVoter"
  /** There is nobody else who votes. */
  | "noOtherVoter"
  /** To somebody else. */
  | "inProgress"
  | "unreachable"
  | "behind"
  | "notElected";

/** Another node's user asks the leader to hand its leadership on. */
export interface TransferLeadership extends Envelope {
  readonly type: "transferLeadership";
  readonly id: number;
  /** Null: the voter whose log is furthest. */
  readonly target: NodeId | null;
}

/** A refusal may follow when it was accepted; that it is done shows by itself. */
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
