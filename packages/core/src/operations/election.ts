// Campaigns and votes (paper §5.2, §5.4.1; pre-vote: thesis §9.6). Votes are promises: they are
// sent, and the node's own vote counts, only once they are durable.
import type { VoteRefusal } from "../protocol/effects.js";
import type { PreVote, RequestVote } from "../protocol/messages.js";
import { isListed, serversOf } from "../members.js";
import type { Candidate, State } from "../state/state.js";
import type { Index, Member, Sender, Term } from "../types.js";
import { isDurable } from "./durability.js";
import { emit, send } from "./emit.js";
import { expectedWriteMs, resetElectionTimer, votesMs } from "./timers.js";
import { becomeCandidate, becomeLeader, becomePreCandidate } from "./transitions.js";
import { configurationAt, configurationIndex } from "./membership.js";
import { areQuorum, otherVoters } from "./voters.js";

/** A vote, for another or for itself, waits for the disk. */
export function voteIsBeingWritten({ role, grantedVote }: State): boolean {
  return role.kind === "candidate" ? role.awaitedSeq !== null : grantedVote !== null;
}

/** This node's vote is on its way, to itself or to another: a second election can only split it. */
export function isElecting(state: State): boolean {
  const { role } = state;
  return voteIsBeingWritten(state) || (role.kind === "candidate" && role.phase === "election");
}

/** Asks whether an election could be won; a sole voter wins immediately. */
export function campaign(state: State): void {
  becomePreCandidate(state);
  askForPreVotes(state);
  if (state.role.kind === "candidate") countVotes(state, state.role);
}

/** Also by a node that votes no more, which learns by the answers whether it was removed. */
export function askForPreVotes(state: State): void {
  const { lastIndex: lastLogIndex, lastTerm: lastLogTerm } = state.log;
  for (const { id, incarnation } of otherVoters(state)) {
    send(state, id, {
      type: "preVote",
      to: incarnation,
      term: state.currentTerm + 1,
      lastLogIndex,
      lastLogTerm,
      configurationIndex: configurationIndex(state),
    });
  }
}

/** Leader stickiness: reject votes while the leader is live (thesis §4.2.3). */
export function isInTouchWithLeader(state: State): boolean {
  return (
    state.role.kind === "leader" ||
    state.now - state.heardLeaderAt < state.options.electionTimeoutMs.min
  );
}

/** Whether a RequestVote changes nothing here, not even the term. */
export function ignoresElection(state: State, message: RequestVote): boolean {
  return message.term >= state.currentTerm && !message.transfer && isInTouchWithLeader(state);
}

/**
 * Tells a candidate that it was removed: the last configuration that is known here to be committed
 * doesn't name it, and is no older than the one that it goes by. An uncommitted one says nothing:
 * it may never be. @returns whether it was so
 */
export function refusesRemoved(
  state: State,
  from: Sender,
  message: PreVote | RequestVote,
): boolean {
  const committed = configurationAt(state, state.commitIndex);
  if (!committed || committed.index < message.configurationIndex) return false;
  if (isListed(serversOf(committed.configuration), from)) return false;
  send(state, from.id, {
    type: "removed",
    to: from.incarnation,
    term: state.currentTerm,
    configurationIndex: committed.index,
  });
  return true;
}

/** A later last term wins; of equal terms the longer log (paper §5.4.1). */
export function isUpToDate(state: State, lastLogIndex: Index, lastLogTerm: Term): boolean {
  const { lastIndex, lastTerm } = state.log;
  return lastLogTerm > lastTerm || (lastLogTerm === lastTerm && lastLogIndex >= lastIndex);
}

/** Reports the reason here, since the candidate isn't told. */
export function tellRefusal(
  state: State,
  from: Sender,
  { type: request, term }: PreVote | RequestVote,
  reason: VoteRefusal,
): void {
  emit(state, { type: "voteRefused", from, request, term, reason });
}

/** Whether it counts is for the configuration to say that is in force when votes are counted. */
export function noteVote(state: State, candidate: Candidate, from: Member): void {
  if (!isListed(candidate.votes, from)) candidate.votes.push(from);
  countVotes(state, candidate);
}

function countVotes(state: State, candidate: Candidate): void {
  if (!areQuorum(state, candidate.votes)) return;
  if (candidate.phase === "preVote") becomeCandidate(state);
  else if (candidate.awaitedSeq === null) becomeLeader(state);
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
  resetElectionTimer(state, votesMs(state));
  const { lastIndex: lastLogIndex, lastTerm: lastLogTerm } = state.log;
  for (const { id, incarnation } of otherVoters(state)) {
    send(state, id, {
      type: "requestVote",
      to: incarnation,
      term: state.currentTerm,
      lastLogIndex,
      lastLogTerm,
      transfer: role.isTransfer,
      configurationIndex: configurationIndex(state),
    });
  }
  noteVote(state, role, state.options);
}
