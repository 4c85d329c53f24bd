// Incoming messages: checks sender and addressee, and applies the rules on terms (paper Figure 2,
// "Rules for Servers"), before the message's own handler sees it.
import { assertNever, StorageLost } from "../errors.js";
import { ignoresElection, refusesRemoved, tellRefusal } from "../operations/election.js";
import { introduce } from "../operations/introductions.js";
import { emit, send } from "../operations/emit.js";
import { answerTransfer } from "../operations/transfer.js";
import { peersOf } from "../operations/membership.js";
import { adoptTerm } from "../operations/transitions.js";
import { memberOf } from "../operations/voters.js";
import type { Message } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { isBlank } from "../state/state.js";
import type { Sender } from "../types.js";
import { onAppendEntries } from "./append-entries.js";
import { onAppendEntriesReply } from "./append-entries-reply.js";
import { onBootstrapReply } from "./bootstrap-reply.js";
import { onBootstrapRequest } from "./bootstrap-request.js";
import { answerChange, onChangeMembershipAsked } from "./change-membership.js";
import { onChangeMembershipReply } from "./change-membership-reply.js";
import { onForward } from "./forward.js";
import { onForwardReply } from "./forward-reply.js";
import { onInstallSnapshot } from "./install-snapshot.js";
import { onInstallSnapshotReply } from "./install-snapshot-reply.js";
import { onIntroduce } from "./introduce.js";
import { onIntroduced } from "./introduced.js";
import { onPreVote } from "./pre-vote.js";
import { onPreVoteReply } from "./pre-vote-reply.js";
import { onReadIndex } from "./read-index.js";
import { onReadIndexReply } from "./read-index-reply.js";
import { onRemoved } from "./removed.js";
import { onRequestVote } from "./request-vote.js";
import { onRequestVoteReply } from "./request-vote-reply.js";
import { onStateHash } from "./state-hash.js";
import { onTimeoutNow } from "./timeout-now.js";
import { onTransferLeadershipReply } from "./transfer-leadership-reply.js";
import { onTransferRequest } from "./transfer-leadership.js";

/**
 * How many nodes' runs are remembered, beside those of members: strangers must not shut these out.
 */
const SENDERS_MAX = 1024;

/**
 * No cluster gets so far ahead of a node: at an election every 100 ms it takes 13 years. One false
 * claim can't use up all terms.
 */
const TERM_LEAP_MAX = 2 ** 32;

export function onReceive(state: State, from: Sender, message: Message): void {
  if (!isNewestRun(state, from)) {
    emit(state, { type: "dropped", from, reason: "staleRun", disconnect: false });
    return;
  }
  if (message.term - state.currentTerm > TERM_LEAP_MAX) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  if (message.type === "bootstrapRequest") onBootstrapRequest(state, from, message);
  else if (message.type === "bootstrapReply") onBootstrapReply(state, from, message);
  else if (message.type === "introduce") onIntroduce(state, from, message);
  else if (message.type === "introduced") onIntroduced(state, from, message);
  else if (message.to === state.options.incarnation) onAddressed(state, from, message);
  else if (isBlank(state) && state.options.bootstrap.some(({ id }) => id === state.options.id)) {
    throw storageLost(state, from, message.to);
  } else {
    // The sender knows this node with another data directory: tell it of this one.
    if (state.options.address !== "") introduce(state, from.id);
    emit(state, { type: "dropped", from, reason: "addressee", disconnect: false });
  }
}

function isNewestRun(state: State, from: Sender): boolean {
  const known = state.senders.get(from.id);
  if (known?.incarnation === from.incarnation) {
    if (from.run < known.run) return false;
    if (from.run === known.run) return true;
  }
  if (
    !known &&
    state.senders.size >= SENDERS_MAX &&
    !peersOf(state).some(({ id }) => id === from.id)
  ) {
    return false;
  }
  state.senders.set(from.id, from);
  return true;
}

function storageLost(state: State, from: Sender, incarnation: string): StorageLost {
  const { id, incarnation: own } = state.options;
  return new StorageLost(
    `node ${id} has an empty data directory (${own}), but ${from.id} knows it with another one (${incarnation}), whose votes and entries this one lacks; start it with that one, never with a copy of it. If that one is lost, leave ${id} stopped: the others serve without it as long as they are a majority`,
  );
}

type Addressed = Exclude<
  Message,
  { readonly type: "bootstrapRequest" | "bootstrapReply" | "introduce" | "introduced" }
>;
type UnderTerms = Exclude<Addressed, { readonly type: "preVote" | "removed" }>;

/**
 * Whether this node adopts the sender's later term: that of its leader or candidate, and that of
 * members. A stranger, such as a removed node, deposes nobody.
 */
function mayRaiseTerm(state: State, from: Sender, { type }: UnderTerms): boolean {
  return (
    type === "appendEntries" ||
    type === "installSnapshot" ||
    type === "requestVote" ||
    memberOf(state, from) !== undefined
  );
}

/** The rules for all servers on terms (paper Figure 2; R08), then the message itself. */
function onAddressed(state: State, from: Sender, message: Addressed): void {
  if (message.type === "removed") {
    onRemoved(state, from, message);
    return;
  }
  const isAsking = message.type === "preVote" || message.type === "requestVote";
  if (isAsking && refusesRemoved(state, from, message)) return;
  if (message.type === "preVote") {
    onPreVote(state, from, message);
    return;
  }
  if (message.type === "requestVote" && ignoresElection(state, message)) {
    tellRefusal(state, from, message, "leaderLive");
    return;
  }
  // Its verdict stands, whatever the term has become.
  if (message.type === "forwardReply") onForwardReply(state, from, message);
  const isGrantedPreVote = message.type === "preVoteReply" && message.voteGranted;
  if (message.term > state.currentTerm && !isGrantedPreVote) {
    if (!mayRaiseTerm(state, from, message)) {
      emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
      return;
    }
    adoptTerm(state, message.term, message.type === "requestVote" && message.transfer);
  }
  if (message.term < state.currentTerm && refusesStale(state, from, message)) return;
  switch (message.type) {
    case "preVoteReply":
      onPreVoteReply(state, from, message);
      break;
    case "requestVote":
      onRequestVote(state, from, message);
      break;
    case "requestVoteReply":
      onRequestVoteReply(state, from, message);
      break;
    case "appendEntries":
      onAppendEntries(state, from, message);
      break;
    case "appendEntriesReply":
      onAppendEntriesReply(state, from, message);
      break;
    case "installSnapshot":
      onInstallSnapshot(state, from, message);
      break;
    case "installSnapshotReply":
      onInstallSnapshotReply(state, from, message);
      break;
    case "forward":
      onForward(state, from, message);
      break;
    case "readIndex":
      onReadIndex(state, from, message);
      break;
    case "readIndexReply":
      onReadIndexReply(state, from, message);
      break;
    case "stateHash":
      onStateHash(state, from, message);
      break;
    case "timeoutNow":
      onTimeoutNow(state, from, message);
      break;
    case "transferLeadership":
      onTransferRequest(state, from, message);
      break;
    case "transferLeadershipReply":
      onTransferLeadershipReply(state, from, message);
      break;
    case "changeMembership":
      onChangeMembershipAsked(state, from, message);
      break;
    case "changeMembershipReply":
      onChangeMembershipReply(state, from, message);
      break;
    case "forwardReply":
      // Was heard above.
      break;
    default:
      assertNever(message);
  }
}

/**
 * Of a term that is over: requests are told the current one, replies are nothing. Forwards have
 * their own rule.
 */
function refusesStale(state: State, from: Sender, message: UnderTerms): boolean {
  const { currentTerm: term } = state;
  const to = from.incarnation;
  switch (message.type) {
    case "forward":
      return false;
    case "requestVote":
      tellRefusal(state, from, message, "staleTerm");
      send(state, from.id, { type: "requestVoteReply", to, term, voteGranted: false });
      return true;
    case "appendEntries":
    case "installSnapshot":
      // It names the term alone: the sender may lead this one by now, and rounds and requests of
      // its previous leadership are meaningless.
      send(state, from.id, {
        type: "appendEntriesReply",
        to,
        term,
        round: 0,
        success: false,
        matchIndex: 0,
        verifiedIndex: 0,
        prevLogIndex: 0,
        conflictIndex: 0,
        conflictTerm: 0,
        neededSnapshot: 0,
        promised: false,
      });
      return true;
    case "readIndex":
      send(state, from.id, {
        type: "readIndexReply",
        to,
        term,
        run: from.run,
        id: message.id,
        success: false,
        readIndex: 0,
      });
      return true;
    case "transferLeadership":
      answerTransfer(state, from, message.id, "notLeader");
      return true;
    case "changeMembership":
      answerChange(state, from, message.id, { type: "notLeader" });
      return true;
    case "preVoteReply":
    case "requestVoteReply":
    case "appendEntriesReply":
    case "installSnapshotReply":
    case "changeMembershipReply":
    case "forwardReply":
    case "readIndexReply":
    case "stateHash":
    case "timeoutNow":
    case "transferLeadershipReply":
      return true;
    default:
      return assertNever(message);
  }
}
