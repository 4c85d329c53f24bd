// What core asks its runtime for. Types only.
import { RaftkitError } from "../errors.js";
import type { LogOperation } from "../ports/log-storage.js";
import type { SnapshotMeta, SnapshotPosition } from "../ports/snapshot-storage.js";
import type { Configuration, EntryRun, Index, NodeId, Peer, Sender, Term } from "../types.js";
import type {
  IntroductionVerdict,
  MembershipVerdict,
  Message,
  TransferRefusal,
} from "./messages.js";

export type RoleName = "follower" | "candidate" | "leader";

/** Why a proposal was certainly not proposed. */
export type RejectReason =
  /** No leader is known, or the one that was asked no longer leads. */
  | "noLeader"
  /** Too much is uncommitted or unanswered: a pause helps. */
  | "overloaded"
  /** The log has reached `maxLogBytes`: a snapshot or a larger limit helps. */
  | "logFull"
  /** The leader's disk has no room beyond its reserve: free space helps. */
  | "diskFull"
  /** The leader is transferring its leadership: the next leader will accept it. */
  | "transferring"
  /** The transport is certain that it was never sent. */
  | "notSent";

/** Why a leadership was not transferred. */
export type TransferRejection =
  /** No leader is known. */
  | "noLeader"
  /** The leader that was asked no longer leads, and the new leader isn't the target. */
  | "leaderChanged"
  /** The leader didn't answer again: it may still happen. */
  | "noAnswer"
  | Exclude<TransferRefusal, "notLeader">;

/** Why a message changed nothing. */
export type DropReason =
  /** Addressed to another data directory than this one. */
  | "addressee"
  /** From an earlier run of its sender. */
  | "staleRun"
  /** A claim that only a member can make. */
  | "notMember"
  /** Its content is impossible. */
  | "impossible";

/**
 * Why a candidate didn't get this node's vote, or wouldn't get it; if several reasons apply, the
 * first of these.
 */
export type VoteRefusal =
  /** The request's term is over. */
  | "staleTerm"
  /** The leader is live: it is this node, or was heard within the minimum election timeout. */
  | "leaderLive"
  /** This node voted for another candidate in this term. */
  | "alreadyVoted"
  /** Of a pre-vote: this node's own election runs, or its vote is being written. */
  | "electing"
  /** The candidate's log isn't as up to date as this node's (paper §5.4.1). */
  | "logBehind";

export type Effect =
  // log lane: in order; answered by `persisted`
  | { readonly type: "persist"; readonly seq: number; readonly operations: readonly LogOperation[] }
  // machine lane: in order; answered by `applied`
  | { readonly type: "apply"; readonly entries: readonly EntryRun[] }
  /** Replaces the machine's state; answered by `applied` with its index. */
  | { readonly type: "restore"; readonly snapshot: SnapshotMeta }
  // snapshot lane: a new snapshot of this node's own state, at once; answered by `snapshotSaved`
  | { readonly type: "takeSnapshot" }
  // snapshot lane, for a follower; answered by `snapshotRead`
  | {
      readonly type: "readSnapshot";
      readonly peer: NodeId;
      readonly attempt: number;
      readonly snapshotId: string;
      readonly offset: number;
      readonly maxBytes: number;
    }
  /** Nothing more is read for this follower. */
  | { readonly type: "releaseSnapshot"; readonly peer: NodeId }
  // snapshot lane, from the leader: in order; answered by `snapshotWritten`, at last by
  // `snapshotInstalled`, or by `snapshotRefused`
  | {
      readonly type: "writeSnapshot";
      readonly install: number;
      readonly position: SnapshotPosition;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  | {
      readonly type: "commitSnapshot";
      readonly install: number;
      readonly position: SnapshotPosition;
      readonly bytes: number;
      readonly crc: number;
    }
  | { readonly type: "abortSnapshot"; readonly install: number }
  // network lane
  | { readonly type: "configure"; readonly peers: readonly Peer[] }
  | { readonly type: "send"; readonly to: NodeId; readonly message: Message }
  | {
      readonly type: "dropped";
      readonly from: Sender;
      readonly reason: DropReason;
      readonly disconnect: boolean;
    }
  // proposals: each number ends in exactly one of these; after `accepted` the entry at that index
  // decides
  | {
      readonly type: "accepted";
      readonly firstSeq: number;
      readonly count: number;
      readonly firstIndex: Index;
      readonly term: Term;
    }
  | {
      readonly type: "rejected";
      readonly firstSeq: number;
      readonly count: number;
      readonly reason: RejectReason;
    }
  | { readonly type: "unknown"; readonly firstSeq: number; readonly count: number }
  // reads: each id ends in one of these
  | { readonly type: "readReady"; readonly id: number; readonly index: Index }
  | { readonly type: "readRejected"; readonly id: number }
  // transfers: each id ends in one of these
  | {
      readonly type: "transferred";
      readonly id: number;
      readonly leaderId: NodeId;
      readonly term: Term;
    }
  | { readonly type: "transferRejected"; readonly id: number; readonly reason: TransferRejection }
  // membership changes: each id ends in one of these; `unknown`: the leader didn't answer, and
  // may have accepted it
  | {
      readonly type: "membershipVerdict";
      readonly id: number;
      readonly verdict: MembershipVerdict | { readonly type: "unknown" };
    }
  // news
  | {
      readonly type: "role";
      readonly role: RoleName;
      readonly term: Term;
      readonly leaderId: NodeId | null;
      /** Of a leader: its own-term no-op. */ readonly noopIndex: Index | null;
    }
  | { readonly type: "committed"; readonly commitIndex: Index }
  /** In force from now on, committed or not. */
  | {
      readonly type: "membership";
      readonly configuration: Configuration;
      /** Of its entry. */
      readonly index: Index;
    }
  /** The cluster continues without this node: it doesn't campaign until a leader names it again. */
  | { readonly type: "removed"; readonly configurationIndex: Index; readonly by: NodeId }
  /** Another node's answer to this one's introduction; emitted when it changes. */
  | {
      readonly type: "introduced";
      readonly by: NodeId;
      readonly verdict: IntroductionVerdict;
      readonly leaderId: NodeId | null;
    }
  | { readonly type: "notice"; readonly notice: Notice; readonly peer: NodeId | null }
  /** Why this node refused a vote; the reply, if there is one, doesn't say so. */
  | {
      readonly type: "voteRefused";
      readonly from: Sender;
      readonly request: "preVote" | "requestVote";
      /** The request's. */ readonly term: Term;
      readonly reason: VoteRefusal;
    }
  /** The peer's state machine has a different state at `index` from this node's. */
  | {
      readonly type: "diverged";
      readonly peer: NodeId;
      readonly index: Index;
      readonly ownHash: string;
      readonly peerHash: string;
    }
  /** The last effect: this node must not continue. */
  | { readonly type: "failed"; readonly error: RaftkitError };

export type Notice =
  /** The peer was started with another list of initial voters. */
  | "bootstrapDisagrees"
  /** The peer already holds a log: this cluster was bootstrapped before. */
  | "alreadyFormed"
  /**
   * The peer lacks entries that it acknowledged to this leader: its data directory was replaced by
   * an older copy. It gets no entries from this leader.
   */
  | "peerRolledBack"
  /**
   * The log outgrew half of `maxLogBytes` while the peer was sent a snapshot: the entries after
   * that are gone, and it will need a newer one.
   */
  | "installOutrun"
  /** The log begins after a snapshot that is lost: this node waits for one from the leader. */
  | "snapshotMissing"
  /** The log's configuration is in force; the given list of initial voters differs from it. */
  | "bootstrapIgnored"
  /** Told to rejoin, but it holds a log: whether that makes it a member, the others know. */
  | "rejoinIgnored"
  /** Two processes with this id and different data directories were heard at the same time. */
  | "twoDirectories"
  /** This leader's log had no room for a command within its limit; or has room again. */
  | "logFull"
  | "logHasRoom"
  /** This node's disk has no room beyond the log's reserve, or has some again. */
  | "diskFull"
  | "diskHasRoom"
  /**
   * This leader's disk hangs while a majority has stored more, or has failed: it stops leading, and
   * asks the peer to lead.
   */
  | "diskHangs"
  | "diskFailed"
  /** This leader transfers its leadership to the peer; or it keeps it, as the peer didn't lead. */
  | "transferring"
  | "transferCalledOff";
