// The whole state of one node, plain data, and the transitions between roles: each sets in one visible place everything
// that it resets (R09). Roles are a union, so that what belongs to one role can't be touched in another.
import type { Effect, RaftOptions } from "./io.js";
import type { Durability } from "./durability.js";
import { promiseSeq } from "./durability.js";
import type { EntryRun } from "./entry.js";
import { encodeRun, EntryKind, TERM_MAX } from "./entry.js";
import { InvariantViolation } from "./errors.js";
import type { Forming } from "./forming.js";
import type { ForwardedByMe, ForwardWindow } from "./forward.js";
import { giveUpForwards } from "./forward.js";
import type { Log } from "./log.js";
import type { Membership } from "./membership.js";
import type { Message } from "./messages.js";
import type { Progress } from "./progress.js";
import { newProgress } from "./progress.js";
import type { LeaderReads, RemoteReads } from "./read.js";
import { rejectLeaderReads, rejectRemoteReads } from "./read.js";
import type { Index, NodeId, Sender, Term } from "./types.js";

export interface Follower {
  readonly kind: "follower";
  /** Whose AppendEntries of this term were heard; null until then. */
  leader: Sender | null;
  /** The last index verified against that leader in this term. */
  verifiedIndex: Index;
  /** The latest round heard from that leader, and what it is owed: an answer at once, and one when `whenSeq` is durable. */
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
  /** The entry that began this reign (paper §8). */
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
  /** When an AppendEntries of a current leader last came in. */
  heardLeaderAt: number;
  /** A granted vote that waits for the disk. */
  grantedVote: { readonly to: Sender; readonly term: Term; readonly seq: number } | null;
  /** The newest run heard of each sender. */
  readonly senders: Map<NodeId, Sender>;
  forming: Forming | null;
  readonly forwarded: ForwardedByMe;
  readonly forwardWindow: ForwardWindow;
  readonly remoteReads: RemoteReads;
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

/** Nothing was ever stored here: such a node votes and appends, but never campaigns (design §3). */
export function isBlank(state: State): boolean {
  return state.log.lastIndex === 0;
}

export function leaderOf(state: State): Sender | null {
  return state.role.kind === "follower" ? state.role.leader : null;
}

export function resetElectionTimer(state: State): void {
  const { min, max } = state.options.electionTimeoutMs;
  state.electionDeadline = state.now + min + state.options.random() * (max - min);
}

/** Puts entries made by this leader at the end of its log. */
export function appendOwn(state: State, leader: Leader, run: EntryRun): void {
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  for (let i = 0; i < run.count; i++) leader.uncommittedBytes += state.log.size(run.firstIndex + i);
  state.turnOpen = true;
}

/** To a later term, whose leader isn't known yet (R08). The election timer goes on; a leader's or stopped one starts. */
export function adoptTerm(state: State, term: Term): void {
  if (term <= state.currentTerm) throw new InvariantViolation(`term ${state.currentTerm} can't go back to ${term}`);
  state.currentTerm = term;
  state.votedFor = null;
  state.grantedVote = null;
  state.turnOpen = true;
  giveUpForwards(state);
  becomeFollower(state, null);
}

/** Follower of this term: of `leader`, or of nobody known. Resets what belonged to the earlier role. */
export function becomeFollower(state: State, leader: Sender | null): void {
  const before = state.role;
  if (before.kind === "leader") {
    rejectLeaderReads(state, before);
    resetElectionTimer(state);
  } else if (before.kind === "follower") {
    rejectRemoteReads(state);
  }
  state.role = { kind: "follower", leader, verifiedIndex: 0, round: 0, ackNow: false, ackWhenSeq: null };
}

/** Asks the others first; term and vote stay as they are. */
export function becomePreCandidate(state: State): void {
  rejectRemoteReads(state);
  resetElectionTimer(state);
  state.role = { kind: "candidate", phase: "preVote", votes: new Set([state.options.id]), awaitedSeq: null };
}

/** A new term, with this node's vote for itself, which counts when it is durable. */
export function becomeCandidate(state: State): void {
  if (state.currentTerm >= TERM_MAX) throw new InvariantViolation(`term ${state.currentTerm} is the last one: no election can follow`);
  state.currentTerm++;
  state.votedFor = state.options.id;
  state.grantedVote = null;
  state.turnOpen = true;
  giveUpForwards(state);
  resetElectionTimer(state);
  state.role = { kind: "candidate", phase: "election", votes: new Set(), awaitedSeq: promiseSeq(state) };
}

/** Begins a reign: progress anew for everyone, and a no-op so that earlier entries can commit (R18). */
export function becomeLeader(state: State): void {
  const noopIndex = state.log.lastIndex + 1;
  const progress = new Map<NodeId, Progress>();
  for (const voter of state.membership.current?.voters ?? []) {
    if (voter.id !== state.options.id) progress.set(voter.id, newProgress(voter, noopIndex, state.now));
  }
  const leader: Leader = { kind: "leader", noopIndex, progress, reads: { waiting: [], asked: [] }, round: 1, uncommittedBytes: 0, heartbeatDeadline: state.now + state.options.heartbeatIntervalMs };
  for (let index = state.commitIndex + 1; index < noopIndex; index++) leader.uncommittedBytes += state.log.size(index);
  state.role = leader;
  state.electionDeadline = Infinity;
  state.forwardWindow.begin(state.currentTerm);
  appendOwn(state, leader, encodeRun(noopIndex, state.currentTerm, EntryKind.noop, [new Uint8Array(0)]));
}
