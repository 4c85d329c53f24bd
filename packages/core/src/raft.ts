// The Raft state machine: pure and deterministic. It is told what happened and says what to do.
//
//             inputs                                                       effects
//   tick, receive, propose, read,        ┌───────────────────────────┐     log lane      persist        → persisted
//   persisted, applied, unreachable ───▶ │ step: handlers change the │ ──▶ machine lane  apply          → applied
//                                        │ state; the end of a turn  │     network lane  configure, send
//   deadline: when to tick next ◀─────── │ settles what is owed      │     and the ends of proposals and reads
//                                        └───────────────────────────┘
//
// Handlers only note what is owed (an entry to persist, a reply, an announcement); `endTurn` settles it once for all the
// inputs of an event-loop turn. So many requests make one write and one reply.
import { acknowledgeLeader, onAppendEntries } from "./append.js";
import { newDurability, onPersisted, persistStaged } from "./durability.js";
import { onElectionTimeout, onPreVote, onPreVoteReply, onRequestVote, onRequestVoteReply, ignoresElection, releaseVotes } from "./election.js";
import { InvariantViolation, RaftkitError, StorageLost } from "./errors.js";
import { campaignWhenFormed, newForming, onAskDue, onFormingAnswer, onFormingQuestion } from "./forming.js";
import { forwardDeadline, ForwardWindow, giveUpLostForwards, onForward, onForwardNotSent, onForwardReply, onPropose } from "./forward.js";
import type { Effect, Input, PersistedState, RaftOptions, RoleName } from "./io.js";
import { Log } from "./log.js";
import { adoptConfigurations, peersOf } from "./membership.js";
import type { Message } from "./messages.js";
import { askLeader, finishReadRounds, onRead, onReadIndex, onReadIndexReply, sendQuestion, startReadRound } from "./read.js";
import { commitOnQuorum, onAppendEntriesReply, onHeartbeatDue, onUnreachable, replicate } from "./replicate.js";
import type { State } from "./state.js";
import { emit, isBlank, leaderOf, resetElectionTimer, send } from "./state.js";
import { adoptTerm } from "./transitions.js";
import type { Configuration, Index, NodeId, Sender, Term } from "./types.js";

/** Many inputs ask for nothing. Not frozen: loops over lists of two kinds take several times as long. */
const NO_EFFECTS: readonly Effect[] = [];

/** How many nodes' runs are remembered, beside those of members: strangers must not shut these out. */
const SENDERS_MAX = 1024;

/** No cluster gets so far ahead of a node: at an election every 100 ms it takes 13 years. One false claim can't use up all terms. */
const TERM_LEAP_MAX = 2 ** 32;

/** One moment of a node's state, for status pages and tests. */
export interface RaftStatus {
  readonly role: RoleName;
  readonly currentTerm: Term;
  readonly votedFor: NodeId | null;
  readonly leaderId: NodeId | null;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  readonly lastIndex: Index;
  readonly durableIndex: Index;
  readonly logBytes: number;
  readonly configuration: Configuration | undefined;
  /** On a leader: every other voter. */
  readonly peers: readonly { readonly id: NodeId; readonly matchIndex: Index; readonly nextIndex: Index; readonly lastContactAt: number }[];
}

export class Raft {
  readonly #state: State;
  #failed = false;
  #announced: { readonly role: RoleName; readonly term: Term; readonly leaderId: NodeId | null };

  /** @throws {InvariantViolation} what was restored can't be a node's state */
  constructor(options: RaftOptions, restored: PersistedState) {
    this.#state = restore(options, restored);
    this.#announced = { role: "follower", term: this.#state.currentTerm, leaderId: null };
  }

  /** When to call `step` with a tick at the latest: in the past when a turn waits for its end, Infinity when there is nothing to wait for. */
  get deadline(): number {
    const { turnOpen, role, forming, remoteReads, electionDeadline } = this.#state;
    if (this.#failed) return Infinity;
    if (turnOpen) return -Infinity;
    const timer = role.kind === "leader" ? role.heartbeatDeadline : electionDeadline;
    return Math.min(timer, forming?.askAt ?? Infinity, remoteReads.asked?.resendAt ?? Infinity, forwardDeadline(this.#state));
  }

  /**
   * Takes one input at the time `now` (monotonic milliseconds) and returns what is to be done about it, in order within
   * each lane. Same inputs and same `random`, same effects.
   */
  step(now: number, input: Input): readonly Effect[] {
    if (this.#failed) return [];
    const state = this.#state;
    state.now = Math.max(state.now, now);
    try {
      dispatch(state, input);
    } catch (error) {
      if (!(error instanceof RaftkitError)) throw error;
      this.#failed = true;
      emit(state, { type: "failed", error });
    }
    if (!this.#failed) this.#announceRole();
    const { effects } = state;
    if (effects.length === 0) return NO_EFFECTS;
    state.effects = [];
    return effects;
  }

  get status(): RaftStatus {
    const { role, log, durability, membership, currentTerm, votedFor, commitIndex, lastApplied } = this.#state;
    const peers: RaftStatus["peers"][number][] = [];
    if (role.kind === "leader") {
      for (const [id, { matchIndex, nextIndex, lastContactAt }] of role.progress) peers.push({ id, matchIndex, nextIndex, lastContactAt });
    }
    return {
      role: role.kind, currentTerm, votedFor, leaderId: this.#leaderId(), commitIndex, lastApplied,
      lastIndex: log.lastIndex, durableIndex: durability.durableIndex, logBytes: log.bytes, configuration: membership.current, peers,
    };
  }

  #leaderId(): NodeId | null {
    const { role, options } = this.#state;
    return role.kind === "leader" ? options.id : leaderOf(this.#state)?.id ?? null;
  }

  #announceRole(): void {
    const { role, currentTerm: term } = this.#state;
    const leaderId = this.#leaderId();
    const { role: oldRole, term: oldTerm, leaderId: oldLeaderId } = this.#announced;
    if (role.kind === oldRole && term === oldTerm && leaderId === oldLeaderId) return;
    this.#announced = { role: role.kind, term, leaderId };
    emit(this.#state, { type: "role", role: role.kind, term, leaderId, noopIndex: role.kind === "leader" ? role.noopIndex : null });
  }
}

function restore(options: RaftOptions, restored: PersistedState): State {
  const { hardState, base, entries, applied } = restored;
  if (!Number.isSafeInteger(applied) || applied < 0) throw new InvariantViolation(`the state machine says that it has applied up to ${applied}, which is no index`);
  const log = new Log(base);
  const state: State = {
    options, log, durability: newDurability(hardState, base.index), membership: { current: undefined, history: [] },
    currentTerm: hardState.currentTerm, votedFor: hardState.votedFor,
    role: { kind: "follower", leader: null, verifiedIndex: 0, round: 0, ackNow: false, ackWhenSeq: null },
    commitIndex: Math.max(base.index, applied), lastApplied: Math.max(base.index, applied), applyingIndex: Math.max(base.index, applied),
    electionDeadline: -Infinity, heardLeaderAt: -Infinity, grantedVote: null, senders: new Map(), forming: null,
    forwarded: { outstanding: new Map(), bytes: 0 }, forwardWindow: new ForwardWindow(),
    remoteReads: { waiting: [], asked: null, lastId: 0 }, now: -Infinity, turnOpen: true, effects: [],
  };
  for (const run of entries) {
    log.append(run);
    adoptConfigurations(state, run);
  }
  state.durability.durableIndex = log.lastIndex;
  if (state.commitIndex > log.lastIndex) throw new InvariantViolation(`the state machine has applied up to ${applied}, but the log ends at ${log.lastIndex}`);
  if (log.lastTerm > state.currentTerm) throw new InvariantViolation(`the log's last term is ${log.lastTerm}, but the stored current term ${state.currentTerm}`);
  state.effects = [{ type: "configure", peers: peersOf(state) }];
  const { current } = state.membership;
  if (!current) state.forming = newForming(options.bootstrap, options.id, options.incarnation);
  else {
    emit(state, { type: "membership", configuration: current });
    const given = options.bootstrap.map(({ id }) => id).sort().join();
    if (given !== current.voters.map(({ id }) => id).sort().join()) emit(state, { type: "notice", notice: "bootstrapIgnored", peer: null });
  }
  return state;
}

function dispatch(state: State, input: Input): void {
  switch (input.type) {
    case "tick": onTick(state); break;
    case "receive": onReceive(state, input.from, input.message); break;
    case "propose": onPropose(state, input.firstSeq, input.commands); break;
    case "read": onRead(state, input.id); break;
    case "persisted": onPersisted(state, input.seq); break;
    case "applied": state.lastApplied = Math.max(state.lastApplied, input.index); break;
    case "unreachable": onUnreachable(state, input.peer); break;
    case "forwardNotSent": onForwardNotSent(state, input.firstSeq); break;
  }
}

function onTick(state: State): void {
  const { role, forming, remoteReads, now } = state;
  if (state.electionDeadline === -Infinity) resetElectionTimer(state);
  if (role.kind === "leader") {
    if (now >= role.heartbeatDeadline) onHeartbeatDue(state, role);
  } else if (now >= state.electionDeadline) {
    onElectionTimeout(state);
  }
  if (forming && now >= forming.askAt) onAskDue(state, forming);
  const leader = leaderOf(state);
  giveUpLostForwards(state);
  if (leader && remoteReads.asked && now >= remoteReads.asked.resendAt) sendQuestion(state, leader);
  if (state.turnOpen) endTurn(state);
}

/** Settles what this turn's inputs left owing, each once. */
function endTurn(state: State): void {
  state.turnOpen = false;
  campaignWhenFormed(state);
  releaseVotes(state);
  if (state.role.kind === "leader") {
    commitOnQuorum(state, state.role);
    finishReadRounds(state, state.role);
    startReadRound(state, state.role);
  }
  persistStaged(state);
  if (state.role.kind === "leader") {
    replicate(state, state.role);
  } else if (state.role.kind === "follower") {
    acknowledgeLeader(state, state.role);
    askLeader(state);
  }
  applyCommitted(state);
  state.turnOpen = false;
}

/** Hands over what is committed and durable here, in order, once. */
function applyCommitted(state: State): void {
  const through = Math.min(state.commitIndex, state.durability.durableIndex);
  if (through <= state.applyingIndex) return;
  emit(state, { type: "apply", entries: state.log.slice(state.applyingIndex + 1, through, Infinity) });
  state.applyingIndex = through;
}

function onReceive(state: State, from: Sender, message: Message): void {
  if (!isNewestRun(state, from)) {
    emit(state, { type: "dropped", from, reason: "staleRun", disconnect: false });
    return;
  }
  if (message.term - state.currentTerm > TERM_LEAP_MAX) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  if (message.type === "formingQuestion") onFormingQuestion(state, from, message);
  else if (message.type === "formingAnswer") onFormingAnswer(state, from, message);
  else if (message.to === state.options.incarnation) onAddressed(state, from, message);
  else if (isBlank(state) && state.options.bootstrap.some(({ id }) => id === state.options.id)) throw storageLost(state, from, message.to);
  else emit(state, { type: "dropped", from, reason: "addressee", disconnect: true });
}

function isNewestRun(state: State, from: Sender): boolean {
  const known = state.senders.get(from.id);
  if (known?.incarnation === from.incarnation) {
    if (from.run < known.run) return false;
    if (from.run === known.run) return true;
  }
  if (!known && state.senders.size >= SENDERS_MAX && !peersOf(state).some(({ id }) => id === from.id)) return false;
  state.senders.set(from.id, from);
  return true;
}

function storageLost(state: State, from: Sender, incarnation: string): StorageLost {
  const { id, incarnation: own } = state.options;
  return new StorageLost(`node ${id} has an empty data directory (${own}), but ${from.id} knows it by another one (${incarnation}), whose votes and entries are gone; bring that directory back, or start the whole cluster afresh`);
}

type Addressed = Exclude<Message, { readonly type: "formingQuestion" | "formingAnswer" }>;

/** The rules for all servers on terms (paper Figure 2; R08), then the message itself. */
function onAddressed(state: State, from: Sender, message: Addressed): void {
  if (message.type === "preVote") {
    onPreVote(state, from, message);
    return;
  }
  if (message.type === "requestVote" && ignoresElection(state, message)) return;
  // Its verdict stands, whatever the term has become.
  if (message.type === "forwardReply") onForwardReply(state, from, message);
  const isGrantedPreVote = message.type === "preVoteReply" && message.voteGranted;
  if (message.term > state.currentTerm && !isGrantedPreVote) adoptTerm(state, message.term);
  if (message.term < state.currentTerm && refusesStale(state, from, message)) return;
  switch (message.type) {
    case "preVoteReply": onPreVoteReply(state, from, message); break;
    case "requestVote": onRequestVote(state, from, message); break;
    case "requestVoteReply": onRequestVoteReply(state, from, message); break;
    case "appendEntries": onAppendEntries(state, from, message); break;
    case "appendEntriesReply": onAppendEntriesReply(state, from, message); break;
    case "forward": onForward(state, from, message); break;
    case "readIndex": onReadIndex(state, from, message); break;
    case "readIndexReply": onReadIndexReply(state, from, message); break;
  }
}

/** Of a term that is over: requests are told the current one, replies are nothing. Forwards have their own rule. */
function refusesStale(state: State, from: Sender, message: Addressed): boolean {
  const { currentTerm: term } = state;
  const to = from.incarnation;
  switch (message.type) {
    case "forward":
      return false;
    case "requestVote":
      send(state, from.id, { type: "requestVoteReply", to, term, voteGranted: false });
      return true;
    case "appendEntries":
      // It names the term alone: the sender may lead this one by now, and rounds and requests of its earlier reign are none of it.
      send(state, from.id, { type: "appendEntriesReply", to, term, round: 0, success: false, matchIndex: 0, verifiedIndex: 0, prevLogIndex: 0, conflictIndex: 0, conflictTerm: 0 });
      return true;
    case "readIndex":
      send(state, from.id, { type: "readIndexReply", to, term, run: from.run, id: message.id, success: false, readIndex: 0 });
      return true;
    default:
      return true;
  }
}
