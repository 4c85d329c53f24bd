// The transitions between roles: each sets in one visible place everything that it resets (R09).
import { encodeRun, EntryKind, TERM_MAX } from "../encoding/entry.js";
import { InvariantViolation } from "../errors.js";
import { serversOf } from "../members.js";
import { newLeaderLease } from "../state/lease-state.js";
import type { Progress } from "../state/progress.js";
import { newProgress } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import type { Member, NodeId, Sender, Term } from "../types.js";
import { giveUpChanges } from "./pending-changes.js";
import { promiseSeq } from "./durability.js";
import { abandonInstall } from "./install-receiving.js";
import { releaseReader } from "./install-sending.js";
import { giveUpForwards } from "./proposal-outcomes.js";
import { rejectLeaderReads } from "./leader-reads.js";
import { appendOwn } from "./leader-append.js";
import { rejectRemoteReads } from "./remote-reads.js";
import { electionWritesMs, resetElectionTimer } from "./timers.js";

/**
 * To a later term, whose leader isn't known yet (R08). A running election timer continues; a
 * leader's or stopped one starts.
 * @param isTransfer the earlier leader transferred its leadership: it still answers what it was
 * sent
 */
export function adoptTerm(state: State, term: Term, isTransfer = false): void {
  if (term <= state.currentTerm) {
    throw new InvariantViolation(`term ${state.currentTerm} can't go back to ${term}`);
  }
  state.currentTerm = term;
  state.votedFor = null;
  state.grantedVote = null;
  if (!isTransfer) giveUpForwards(state);
  giveUpChanges(state);
  abandonInstall(state);
  becomeFollower(state, null);
}

/**
 * Follower of this term: of `leader`, or of nobody known. Resets what belonged to the earlier role.
 */
export function becomeFollower(state: State, leader: Sender | null): void {
  const before = state.role;
  if (before.kind === "leader") {
    rejectLeaderReads(state, before);
    for (const progress of before.progress.values()) releaseReader(state, progress);
    resetElectionTimer(state);
  } else if (before.kind === "follower") {
    rejectRemoteReads(state);
  }
  if (leader) state.abandonedElections = 0;
  state.role = {
    kind: "follower",
    leader,
    verifiedIndex: 0,
    leaderCommit: 0,
    round: 0,
    askedLeaseMs: 0,
    ackNow: false,
    ackWhenSeq: null,
  };
}

function requireNextTerm({ currentTerm }: State): void {
  if (currentTerm < TERM_MAX) return;
  throw new InvariantViolation(`term ${currentTerm} is the last one: no election can follow`);
}

function ownMember({ options: { id, incarnation } }: State): Member {
  return { id, incarnation };
}

/** Asks the others first; term and vote stay as they are. */
export function becomePreCandidate(state: State): void {
  requireNextTerm(state);
  rejectRemoteReads(state);
  resetElectionTimer(state, electionWritesMs(state));
  state.role = {
    kind: "candidate",
    phase: "preVote",
    votes: [ownMember(state)],
    isTransfer: false,
    awaitedSeq: null,
  };
}

/**
 * A new term, with this node's vote for itself, which counts when it is durable.
 * @param isTransfer the leader asked for it: straight from being its follower
 */
export function becomeCandidate(state: State, isTransfer = false): void {
  requireNextTerm(state);
  rejectRemoteReads(state);
  state.currentTerm++;
  state.votedFor = ownMember(state);
  state.grantedVote = null;
  if (!isTransfer) giveUpForwards(state);
  giveUpChanges(state);
  abandonInstall(state);
  resetElectionTimer(state);
  state.role = {
    kind: "candidate",
    phase: "election",
    votes: [],
    isTransfer,
    awaitedSeq: promiseSeq(state),
  };
}

/**
 * Begins a leadership: progress anew for everyone, and a no-op so that earlier entries can commit
 * (R18).
 */
export function becomeLeader(state: State): void {
  const noopIndex = state.log.lastIndex + 1;
  const progress = new Map<NodeId, Progress>();
  for (const server of state.membership.current ? serversOf(state.membership.current) : []) {
    if (server.id !== state.options.id) {
      progress.set(server.id, newProgress(server, noopIndex, state.now));
    }
  }
  const leader: Leader = {
    kind: "leader",
    noopIndex,
    progress,
    introductions: new Map(),
    twoDirectories: new Set(),
    addressChangedAt: -Infinity,
    reads: { waiting: [], asked: [] },
    round: 1,
    uncommittedBytes: state.log.bytesBetween(state.commitIndex, state.log.lastIndex),
    heartbeatDeadline: state.now + state.options.heartbeatIntervalMs,
    lastAttempt: 0,
    refusedBytes: Infinity,
    clockToldAt: state.now,
    transfer: null,
    lease: newLeaderLease(state.now),
  };
  state.role = leader;
  state.electionDeadline = Infinity;
  state.abandonedElections = 0;
  state.forwardDedup.begin(state.currentTerm);
  appendOwn(
    state,
    leader,
    encodeRun(noopIndex, state.currentTerm, EntryKind.noop, [new Uint8Array(0)]),
  );
}
