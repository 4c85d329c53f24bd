// What the state machine asks for. Types only.
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
  /** No leader is known, or the one that was asked doesn't lead any more. */
  | "noLeader"
  /** Too much is uncommitted or unanswered: a pause helps. */
  | "overloaded"
  /** The log has reached `maxLogBytes`: it takes a snapshot, or a larger bound. */
  | "logFull"
  /** The leader's disk has no room beyond its reserve: it helps when there is some again. */
  | "diskFull"
  /** The leader hands its leadership on: the next one will take it. */
  | "transferring"
  /** The transport is certain that it never left. */
  | "notSent";

/** Why a leadership was not transferred. */
export type TransferRejection =
  /** Nobody is known to lead. */
  | "noLeader"
  /** The leader that was asked leads no more, and who leads now isn't who was asked for. */
  | "leaderChanged"
  /** Nothing more was heard of it: it may still happen. */
  | "noAnswer"
  | Exclude<TransferRefusal, "notLeader">;

/** Why a message changed nothing. */
export type DropReason =
  /** Meant for another data directory than this one. */
  | "addressee"
  /** From an earlier run of its sender. */
  | "staleRun"
  /** A claim that only a member can make. */
  | "notMember"
  /** It claims what can't be. */
  | "impossible";

/**
 * Why a candidate didn't get this node's vote, or wouldn't get it; where several reasons hold, the
 * first of these.
 */
export type VoteRefusal =
  /** The request's term is over. */
  | "staleTerm"
  /** The leader is live: it is this node, or was heard within the minimum election timeout. */
  | "leaderLive"
  /** The vote of this term is another's. */
  | "alreadyVoted"
  /** Of a pre-vote: this node's own vote, for itself or another, is under way. */
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
  // changes of the members: each id ends in one of these; `unknown`: the leader didn't answer, and
  // may have taken it
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
  /** The cluster goes on without this node: it doesn't campaign until a leader names it again. */
  | { readonly type: "removed"; readonly configurationIndex: Index; readonly by: NodeId }
  /** What another node said to this one's introduction; told when that changes. */
  | {
      readonly type: "introduced";
      readonly by: NodeId;
      readonly verdict: IntroductionVerdict;
      readonly leaderId: NodeId | null;
    }
  | { readonly type: "notice"; readonly notice: Notice; readonly peer: NodeId | null }
  /** The reply, if there is one, doesn't say why. */
  | {
      readonly type: "voteRefused";
      readonly from: Sender;
      readonly request: "preVote" | "requestVote";
      /** The request's. */ readonly term: Term;
      readonly reason: VoteRefusal;
    }
  /** The peer's state machine is in another state at `index` than this node's. */
  | {
      readonly type: "diverged";
      readonly peer: NodeId;
      readonly index: Index;
      readonly ownHash: string;
      readonly peerHash: string;
    }
  /** Nothing follows: this node must not go on. */
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
   * The log outgrew half of `maxLogBytes` while the peer was sent a snapshot: the entries behind
   * that are gone, and it will need a newer one.
   */
  | "installOutrun"
  /** The log begins behind a snapshot that is lost: this node waits for one from the leader. */
  | "snapshotMissing"
  /** The log's configuration is in force; the list of initial voters given now is another. */
  | "bootstrapIgnored"
  /** Two processes with this id and different data directories were heard at the same time. */
  | "twoDirectories"
  /** The log of this leader had no room for a command, within its bound; or has some again. */
  | "logFull"
  | "logHasRoom"
  /** This node's disk has no room beyond the log's reserve, or has some again. */
  | "diskFull"
  | "diskHasRoom"
  /**
   * This leader's disk hangs while a majority has more on theirs, or has failed: it leads no more, and
   * the peer is asked to.
   */
  | "diskHangs"
  | "diskFailed"
  /** This leader hands its leadership on to the peer; or it leads on, for that didn't take over. */
  | "transferring"
  | "transferCalledOff";
