// The Raft state machine: pure and deterministic. It is told what happened and says what to do.
//
//             inputs                                                       effects
//   tick, receive, propose, read,        ┌───────────────────────────┐     log lane      persist        → persisted
//   persisted, applied, unreachable ───▶ │ step: handlers change the │ ──▶ machine lane  apply          → applied
//                                        │ state; the end of a turn  │     network lane  configure, send
//   deadline: when to tick next ◀─────── │ settles what is owed      │     and the ends of proposals and reads
//                                        └───────────────────────────┘
//
// Handlers only note what is owed (an entry to persist, a reply, an announcement); `endTurn`
// settles it once for all the inputs of an event-loop turn. So many requests make one write and one
// reply.
import { acknowledgeLeader } from "./handlers/append-entries.js";
import { onPersisted, persistStaged } from "./operations/durability.js";
import { onElectionTimeout, releaseVotes } from "./operations/election.js";
import { RaftkitError } from "./errors.js";
import { campaignWhenBootstrapped, missingVoters, onAskDue } from "./operations/bootstrap.js";
import {
  forwardDeadline,
  giveUpLostForwards,
  isLogFull,
  onForwardNotSent,
  onPropose,
} from "./handlers/forward.js";
import type { Effect, Input, PersistedState, RaftOptions, RoleName } from "./protocol/effects.js";
import {
  askLeader,
  finishReadRounds,
  onRead,
  sendQuestion,
  startReadRound,
} from "./operations/leader-reads.js";
import { onReceive } from "./handlers/receive.js";
import {
  commitOnQuorum,
  onHeartbeatDue,
  onUnreachable,
  replicate,
} from "./operations/replication.js";
import { restore } from "./restore.js";
import { onHashed } from "./operations/state-hashes.js";
import type { State } from "./state/state.js";
import { emit, leaderOf, resetElectionTimer } from "./state/state.js";
import type { Configuration, Index, NodeId, Term } from "./types.js";

/**
 * Many inputs ask for nothing. Not frozen: loops over lists of two kinds take several times as
 * long.
 */
const NO_EFFECTS: readonly Effect[] = [];

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
  /** The log's bound refuses proposals: every one, or one like those that it refused. */
  readonly logFull: boolean;
  /**
   * The largest entry that this run has held, its data and header, in bytes: what a transport must
   * be able to carry beside a message's header.
   */
  readonly largestEntryBytes: number;
  readonly configuration: Configuration | undefined;
  /**
   * While no configuration is known: the initial voters that this run still waits for. On the node
   * that asks, those that have not answered "blank, and the same list"; on the others, those that
   * have not been heard. Null once a configuration is known.
   */
  readonly bootstrap: { readonly missing: readonly NodeId[] } | null;
  /** On a leader: every other voter. */
  readonly peers: readonly {
    readonly id: NodeId;
    readonly matchIndex: Index;
    readonly nextIndex: Index;
    readonly lastContactAt: number;
  }[];
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

  /**
   * When to call `step` with a tick at the latest: in the past when a turn waits for its end,
   * Infinity when there is nothing to wait for.
   */
  get deadline(): number {
    const { turnOpen, role, bootstrapping, remoteReads, electionDeadline } = this.#state;
    if (this.#failed) return Infinity;
    if (turnOpen) return -Infinity;
    const timer = role.kind === "leader" ? role.heartbeatDeadline : electionDeadline;
    return Math.min(
      timer,
      bootstrapping?.askAt ?? Infinity,
      remoteReads.asked?.resendAt ?? Infinity,
      forwardDeadline(this.#state),
    );
  }

  /**
   * Takes one input at the time `now` (monotonic milliseconds) and returns what is to be done about
   * it, in order within each lane. Same inputs and same `random`, same effects.
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
    const { role, log, durability, membership, currentTerm, votedFor, commitIndex, lastApplied } =
      this.#state;
    const peers: RaftStatus["peers"][number][] = [];
    if (role.kind === "leader") {
      for (const [id, { matchIndex, nextIndex, lastContactAt }] of role.progress) {
        peers.push({ id, matchIndex, nextIndex, lastContactAt });
      }
    }
    return {
      role: role.kind,
      currentTerm,
      votedFor,
      leaderId: this.#leaderId(),
      commitIndex,
      lastApplied,
      lastIndex: log.lastIndex,
      durableIndex: durability.durableIndex,
      logBytes: log.bytes,
      logFull: isLogFull(this.#state),
      largestEntryBytes: log.largestEntryBytes,
      configuration: membership.current,
      bootstrap: membership.current ? null : { missing: missingVoters(this.#state) },
      peers,
    };
  }

  #leaderId(): NodeId | null {
    const { role, options } = this.#state;
    return role.kind === "leader" ? options.id : (leaderOf(this.#state)?.id ?? null);
  }

  #announceRole(): void {
    const { role, currentTerm: term } = this.#state;
    const leaderId = this.#leaderId();
    const { role: oldRole, term: oldTerm, leaderId: oldLeaderId } = this.#announced;
    if (role.kind === oldRole && term === oldTerm && leaderId === oldLeaderId) return;
    this.#announced = { role: role.kind, term, leaderId };
    emit(this.#state, {
      type: "role",
      role: role.kind,
      term,
      leaderId,
      noopIndex: role.kind === "leader" ? role.noopIndex : null,
    });
  }
}

function dispatch(state: State, input: Input): void {
  switch (input.type) {
    case "tick":
      onTick(state);
      break;
    case "receive":
      onReceive(state, input.from, input.message);
      break;
    case "propose":
      onPropose(state, input.firstSeq, input.commands);
      break;
    case "read":
      onRead(state, input.id);
      break;
    case "persisted":
      onPersisted(state, input.seq);
      break;
    case "applied":
      state.lastApplied = Math.max(state.lastApplied, input.index);
      break;
    case "hashed":
      onHashed(state, input.index, input.hash);
      break;
    case "unreachable":
      onUnreachable(state, input.peer);
      break;
    case "forwardNotSent":
      onForwardNotSent(state, input.firstSeq);
      break;
  }
}

function onTick(state: State): void {
  const { role, bootstrapping, remoteReads, now } = state;
  if (state.electionDeadline === -Infinity) resetElectionTimer(state);
  if (role.kind === "leader") {
    if (now >= role.heartbeatDeadline) onHeartbeatDue(state, role);
  } else if (now >= state.electionDeadline) {
    onElectionTimeout(state);
  }
  if (bootstrapping && now >= bootstrapping.askAt) onAskDue(state, bootstrapping);
  const leader = leaderOf(state);
  giveUpLostForwards(state);
  if (leader && remoteReads.asked && now >= remoteReads.asked.resendAt) sendQuestion(state, leader);
  if (state.turnOpen) endTurn(state);
}

/** Settles what this turn's inputs left owing, each once. */
function endTurn(state: State): void {
  state.turnOpen = false;
  campaignWhenBootstrapped(state);
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
  emit(state, {
    type: "apply",
    entries: state.log.slice(state.applyingIndex + 1, through, Infinity),
  });
  state.applyingIndex = through;
}
