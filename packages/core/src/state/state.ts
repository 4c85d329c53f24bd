// The whole state of one node, as plain data. Roles are a union, so that what belongs to one role
// can't be touched in another; they change in transitions.ts only.
import type { Log } from "../log/log.js";
import type { RaftOptions } from "../options.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { Effect } from "../protocol/effects.js";
import type { Index, Member, NodeId, Sender, Term } from "../types.js";
import type { BootstrapState } from "./bootstrap-state.js";
import type { ForwardDedup } from "./forward-dedup.js";
import type { IncomingInstall } from "./install-state.js";
import type { Introduction, OwnIntroduction, PendingChanges } from "./introduction-state.js";
import type { Membership } from "./membership-state.js";
import type { PendingProposals } from "./pending-proposals.js";
import type { LeaderReads, RemoteReads } from "./pending-reads.js";
import type { Durability } from "./pending-writes.js";
import type { Progress } from "./progress.js";
import type { LeaderLease } from "./lease-state.js";
import type { LeadershipTransfer, PendingTransfer } from "./transfer-state.js";
import type { StateHashes } from "./pending-state-hashes.js";

export interface Follower {
  readonly kind: "follower";
  /** Whose AppendEntries of this term were heard; null until then. */
  leader: Sender | null;
  /** The last index verified against that leader in this term. */
  verifiedIndex: Index;
  /** What that leader said is committed, arrived here or not. */
  leaderCommit: Index;
  /**
   * The latest round heard from that leader, and the answers that are due: one at once, and one
   * when `whenSeq` is durable.
   */
  round: number;
  /** What that leader asked to be promised with its latest round; 0: nothing. */
  askedLeaseMs: number;
  ackNow: boolean;
  ackWhenSeq: number | null;
}

export interface Candidate {
  readonly kind: "candidate";
  /** A pre-vote asks whether an election could be won, and changes no term (thesis §9.6). */
  readonly phase: "preVote" | "election";
  /**
   * Who granted, this node included once its own vote is durable. Which of them count the
   * configuration in force decides when they are counted.
   */
  readonly votes: Member[];
  /** The leader asked for this election: it isn't refused in its favour. For this one only. */
  readonly isTransfer: boolean;
  /** The own vote and the requests leave when this persist is durable; null: they have left. */
  awaitedSeq: number | null;
}

export interface Leader {
  readonly kind: "leader";
  /** The entry that began this leadership (paper §8). */
  readonly noopIndex: Index;
  /** Of every other member, and of those that are leaving. */
  readonly progress: Map<NodeId, Progress>;
  /** Nodes that introduced themselves recently and aren't members. */
  readonly introductions: Map<NodeId, Introduction>;
  /** Ids of which two processes were heard at the same time. */
  readonly twoDirectories: Set<NodeId>;
  /** When it last put a member's new address into the configuration. */
  addressChangedAt: number;
  readonly reads: LeaderReads;
  round: number;
  uncommittedBytes: number;
  /** The smallest command that the log had no room for; Infinity: it refused nothing. */
  refusedBytes: number;
  heartbeatDeadline: number;
  /** Attempts to install a snapshot are numbered, over all followers. */
  lastAttempt: number;
  /** Up to when clock entries of this leadership say how much time has passed. */
  clockToldAt: number;
  transfer: LeadershipTransfer | null;
  readonly lease: LeaderLease;
}

export type Role = Follower | Candidate | Leader;

export interface State {
  readonly options: RaftOptions;
  readonly log: Log;
  readonly durability: Durability;
  readonly membership: Membership;
  /** The newest one that this node has; null: there is none, or it is damaged. */
  snapshot: SnapshotMeta | null;
  /** Of one that this node's start found damaged; 0: none. */
  readonly damagedSnapshotIndex: Index;
  /** What is being received. */
  install: IncomingInstall | null;
  lastInstallId: number;
  currentTerm: Term;
  votedFor: Member | null;
  role: Role;
  commitIndex: Index;
  lastApplied: Index;
  /** How far entries were handed to the machine lane. */
  applyingIndex: Index;
  electionDeadline: number;
  /** This node's elections in a row that nobody won; 0 once a leader is known. */
  abandonedElections: number;
  /** When an AppendEntries of a current leader last came in, or one may have before a restart. */
  heardLeaderAt: number;
  /** A granted vote that waits for the disk. */
  grantedVote: { readonly to: Sender; readonly term: Term; readonly seq: number } | null;
  /** The newest run heard of each sender. */
  readonly senders: Map<NodeId, Sender>;
  bootstrapping: BootstrapState | null;
  readonly introduction: OwnIntroduction;
  readonly pendingChanges: PendingChanges;
  readonly forwarded: PendingProposals;
  readonly forwardDedup: ForwardDedup;
  /** This node's disk has no room beyond the log's reserve. */
  isDiskFull: boolean;
  readonly remoteReads: RemoteReads;
  readonly stateHashes: StateHashes;
  /** What this node's users asked for, and hasn't ended. */
  transfers: PendingTransfer[];
  now: number;
  effects: Effect[];
}

/**
 * A snapshot is lost, and with it something that is nowhere else: the state that the log begins
 * behind, where the machine doesn't hold it by itself; who votes; or what the log doesn't reach.
 * Such a node votes and appends, but doesn't campaign until the leader has sent it one.
 */
export function lacksSnapshot(state: State): boolean {
  const { log, snapshot, applyingIndex, membership, damagedSnapshotIndex } = state;
  if (snapshot !== null && snapshot.index >= log.base.index) return false;
  return (
    applyingIndex < log.base.index ||
    (log.base.index > 0 && !membership.current) ||
    log.lastIndex < damagedSnapshotIndex
  );
}

/** What such a node needs: one at this index or above. 0: it lacks none. */
export function neededSnapshotIndex(state: State): Index {
  return lacksSnapshot(state) ? Math.max(state.log.base.index, state.damagedSnapshotIndex) : 0;
}

/**
 * Nothing was ever stored here: such a node votes and appends, but never campaigns (docs/rules.md,
 * identity and bootstrapping).
 */
export function isBlank(state: State): boolean {
  return state.log.lastIndex === 0;
}

export function leaderOf(state: State): Sender | null {
  return state.role.kind === "follower" ? state.role.leader : null;
}
