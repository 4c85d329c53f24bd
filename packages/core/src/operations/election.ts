// Elections (paper §5.2, §5.4.1) with pre-vote (thesis §9.6). Votes are promises: they leave, and
// the own one counts, only once they are durable.
import { diskHangs, expectedWriteMs, isDurable, promiseSeq, votesMs } from "./durability.js";
import { isVoter, memberOf, otherVoters } from "./membership.js";
import type { PreVote, PreVoteReply, RequestVote, RequestVoteReply } from "../protocol/messages.js";
import { majority } from "../quorum/majority.js";
import type { Candidate, State } from "../state/state.js";
import { leaderOf, resetElectionTimer, send } from "../state/state.js";
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
} from "./transitions.js";
import type { Index, Sender, Term } from "../types.js";

/** No leader was heard for a whole timeout, or an election didn't end. */
export function onElectionTimeout(state: State): void {
  const { role } = state;
  if (!isVoter(state) || diskHangs(state)) {
    if (leaderOf(state)) becomeFollower(state, null);
    resetElectionTimer(state);
  } else if (voteIsBeingWritten(state)) {
    // To campaign now would take back what the disk is about to promise.
    resetElectionTimer(state);
  } else if (role.kind === "candidate" && role.phase === "election") {
    // Abandoned; the next attempt comes after a random wait (R03).
    state.abandonedElections++;
    becomeFollower(state, null);
    resetElectionTimer(state);
  } else {
    campaign(state);
  }
}

/** A vote, for another or for itself, waits for the disk. */
function voteIsBeingWritten({ role, grantedVote }: State): boolean {
  return role.kind === "candidate" ? role.awaitedSeq !== null : grantedVote !== null;
}

/** This node's vote is on its way, to itself or to another: a second election can only split it. */
function isElecting(state: State): boolean {
  const { role } = state;
  return voteIsBeingWritten(state) || (role.kind === "candidate" && role.phase === "election");
}

/** Asks whether an election could be won; a sole voter knows. */
export function campaign(state: State): void {
  becomePreCandidate(state);
  const { lastIndex: lastLogIndex, lastTerm: lastLogTerm } = state.log;
  for (const { id, incarnation } of otherVoters(state)) {
    send(state, id, {
      type: "preVote",
      to: incarnation,
      term: state.currentTerm + 1,
      lastLogIndex,
      lastLogTerm,
    });
  }
  if (state.role.kind === "candidate") countVotes(state, state.role);
}

/**
 * A live leader protects its leadership: whoever hears it helps nobody to replace it (thesis §4.2.3).
 */
function isInTouchWithLeader(state: State): boolean {
  return (
    state.role.kind === "leader" ||
    state.now - state.heardLeaderAt < state.options.electionTimeoutMs.min
  );
}

/** Whether a RequestVote changes nothing here, not even the term. */
export function ignoresElection(state: State, message: RequestVote): boolean {
  return message.term >= state.currentTerm && !message.transfer && isInTouchWithLeader(state);
}

/** A later last term wins; of equal terms the longer log (paper §5.4.1). */
function isUpToDate(state: State, lastLogIndex: Index, lastLogTerm: Term): boolean {
  const { lastIndex, lastTerm } = state.log;
  return lastLogTerm > lastTerm || (lastLogTerm === lastTerm && lastLogIndex >= lastIndex);
}

export function onPreVote(state: State, from: Sender, message: PreVote): void {
  const isFree =
    message.term > state.currentTerm ||
    (message.term === state.currentTerm && (state.votedFor === null || state.votedFor === from.id));
  const voteGranted =
    isFree &&
    !isInTouchWithLeader(state) &&
    !isElecting(state) &&
    isUpToDate(state, message.lastLogIndex, message.lastLogTerm);
  send(state, from.id, {
    type: "preVoteReply",
    to: from.incarnation,
    term: voteGranted ? message.term : state.currentTerm,
    voteGranted,
  });
}

export function onPreVoteReply(state: State, from: Sender, message: PreVoteReply): void {
  const { role } = state;
  if (role.kind !== "candidate" || role.phase !== "preVote") return;
  if (!message.voteGranted || message.term !== state.currentTerm + 1 || !memberOf(state, from)) {
    return;
  }
  role.votes.add(from.id);
  countVotes(state, role);
}

/** The request's term is this node's: an earlier one was refused, a later one adopted. */
export function onRequestVote(state: State, from: Sender, message: RequestVote): void {
  const isFree = state.votedFor === null || state.votedFor === from.id;
  if (!isFree || !isUpToDate(state, message.lastLogIndex, message.lastLogTerm)) {
    send(state, from.id, {
      type: "requestVoteReply",
      to: from.incarnation,
      term: state.currentTerm,
      voteGranted: false,
    });
    return;
  }
  // A node that asks around for itself gives that up: it waits for this election as any follower
  // does.
  if (state.role.kind === "candidate") becomeFollower(state, null);
  state.votedFor = from.id;
  state.grantedVote = { to: from, term: state.currentTerm, seq: promiseSeq(state) };
  resetElectionTimer(state);
  state.turnOpen = true;
}

export function onRequestVoteReply(state: State, from: Sender, message: RequestVoteReply): void {
  const { role } = state;
  if (
    role.kind !== "candidate" ||
    role.phase !== "election" ||
    !message.voteGranted ||
    !memberOf(state, from)
  ) {
    return;
  }
  role.votes.add(from.id);
  countVotes(state, role);
}

function countVotes(state: State, candidate: Candidate): void {
  if (candidate.votes.size < majority(otherVoters(state).length + 1)) return;
  if (candidate.phase === "preVote") becomeCandidate(state);
  else if (candidate.votes.has(state.options.id)) becomeLeader(state);
}

/** At the end of a turn: what the disk holds now may leave, if it still stands. */
export function releaseVotes(state: State): void {
  const { role, grantedVote } = state;
  if (grantedVote && isDurable(state, grantedVote.seq)) {
    state.grantedVote = null;
    if (grantedVote.term === state.currentTerm && role.kind === "follower") {
      // The others' votes may need their disks for longer.
      if (!role.leader) resetElectionTimer(state, expectedWriteMs(state));
      send(state, grantedVote.to.id, {
        type: "requestVoteReply",
        to: grantedVote.to.incarnation,
        term: state.currentTerm,
        voteGranted: true,
      });
    }
  }
  if (role.kind !== "candidate" || role.awaitedSeq === null || !isDurable(state, role.awaitedSeq)) {
    return;
  }
  role.awaitedSeq = null;
  role.votes.add(state.options.id);
  resetElectionTimer(state, votesMs(state));
  const { lastIndex: lastLogIndex, lastTerm: lastLogTerm } = state.log;
  for (const { id, incarnation } of otherVoters(state)) {
    send(state, id, {
      type: "requestVote",
      to: incarnation,
      term: state.currentTerm,
      lastLogIndex,
      lastLogTerm,
      transfer: false,
    });
  }
  countVotes(state, role);
}
