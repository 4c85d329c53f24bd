// The whole state of one node, as plain data. Roles are a union, so that what belongs to one role
// can't be touched in another; they change in transitions.ts only.
import type { Effect, RaftOptions } from "../protocol/effects.js";
import type { Durability } from "../operations/durability.js";
import type { EntryRun } from "../encoding/entry.js";
import type { BootstrapState } from "../operations/bootstrap.js";
import type { ForwardedByMe, ForwardWindow } from "../handlers/forward.js";
import type { Log } from "../log/log.js";
import type { Membership } from "../operations/membership.js";
import type { Message } from "../protocol/messages.js";
import type { Progress } from "./progress.js";
import type { LeaderReads, RemoteReads } from "../operations/leader-reads.js";
import type { StateHashes } from "../operations/state-hashes.js";
import type { Index, NodeId, Sender, Term } from "../types.js";

export interface Follower {
  readonly kind: "follower";
  /** Whose AppendEntries of this term were heard; null until then. */
  leader: Sender | null;
  /** The last index verified against that leader in this term. */
  verifiedIndex: Index;
  /** What that leader said is committed, arrived here or not. */
  leaderCommit: Index;
  /**
   * The latest round heard from that leader, and what it is owed: an answer at once, and one when
   * `whenSeq` is durable.
   */
  round: number;
  ackNow: boolean;
  ackWhenSeq: number | null;
}

export interface Candidate {
  readonly kind: "candidate";
  /** A pre-vote asks whether an election could be won, and changes no term (thesis §9.6). */
  readonly phase: "preVote" | "election";
  /** Who granted, this node included once its own vote counts. */
  readonly votes: Set<NodeId>;
  /** The own vote and the requests leave when this persist is durable; null: they have left. */
  awaitedSeq: number | null;
}

export interface Leader {
  readonly kind: "leader";
  /** The entry that began this leadership (paper §8). */
  readonly noopIndex: Index;
  /** Of every other voter. */
  readonly progress: Map<NodeId, Progress>;
  readonly reads: LeaderReads;
  round: number;
  uncommittedBytes: number;
  heartbeatDeadline: number;
}

export type Role = Follower | Candidate | Leader;

export interface State {
  readonly options: RaftOptions;
  readonly log: Log;
  readonly durability: Durability;
  readonly membership: Membership;
  currentTerm: Term;
  votedFor: NodeId | null;
  role: Role;
  commitIndex: Index;
  lastApplied: Index;
  /** How far entries were handed to the machine lane. */
  applyingIndex: Index;
  electionDeadline: number;
  /** This node's elections in a row that nobody won; 0 once a leader is known. */
  abandonedElections: number;
  /** When an AppendEntries of a current leader last came in. */
  heardLeaderAt: number;
  /** A granted vote that waits for the disk. */
  grantedVote: { readonly to: Sender; readonly term: Term; readonly seq: number } | null;
  /** The newest run heard of each sender. */
  readonly senders: Map<NodeId, Sender>;
  bootstrapping: BootstrapState | null;
  readonly forwarded: ForwardedByMe;
  readonly forwardWindow: ForwardWindow;
  /** The least that the log's bound had no room for; Infinity: it refused nothing yet. */
  logRefusedBytes: number;
  readonly remoteReads: RemoteReads;
  readonly stateHashes: StateHashes;
  now: number;
  /** Something waits for the end of this turn. */
  turnOpen: boolean;
  effects: Effect[];
}

export function emit(state: State, effect: Effect): void {
  state.effects.push(effect);
}

export function send(state: State, to: NodeId, message: Message): void {
  state.effects.push({ type: "send", to, message });
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

/** @param moreMs beside the timeout that is drawn */
export function resetElectionTimer(state: State, moreMs = 0): void {
  const { min, max } = state.options.electionTimeoutMs;
  state.electionDeadline = state.now + moreMs + min + state.options.random() * (max - min);
}

/** Puts entries made by this leader at the end of its log. */
export function appendOwn(state: State, leader: Leader, run: EntryRun): void {
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  for (let i = 0; i < run.count; i++) leader.uncommittedBytes += state.log.size(run.firstIndex + i);
  state.turnOpen = true;
}
