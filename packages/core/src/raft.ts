// The Raft state machine: pure and deterministic. It takes inputs and returns effects.
//
//             inputs                                                       effects
//   tick, receive, propose, read,        ┌───────────────────────────┐     log lane      persist        → persisted
//   persisted, applied, unreachable ───▶ │ step: handlers change the │ ──▶ machine lane  apply          → applied
//                                        │ state; the end of a turn  │     network lane  configure, send
//   deadline: when to tick next ◀─────── │ carries out what is due   │     and the ends of proposals and reads
//                                        └───────────────────────────┘
//
// Handlers only record what is due (an entry to persist, a reply, an announcement); `endTurn`
// carries it out once for all inputs of an event-loop turn, so that many requests cause one write
// and one reply.
import { InvariantViolation, RaftkitError } from "./errors.js";
import { endTurn } from "./end-of-turn.js";
import { dispatch, OPENS_TURN } from "./handlers/dispatch.js";
import { Invariants } from "./invariants.js";
import { missingVoters } from "./operations/bootstrap.js";
import { emit } from "./operations/emit.js";
import { beginWithRefusal, hasLease } from "./operations/lease.js";
import { introductionDeadline, strangersIn } from "./operations/introductions.js";
import { configurationAt, configurationIndex } from "./operations/membership.js";
import { changesDeadline } from "./operations/pending-changes.js";
import { forwardDeadline } from "./operations/proposal-outcomes.js";
import { transferDeadline } from "./operations/transfer-requests.js";
import { isLogFull } from "./operations/compaction.js";
import type { PersistedState, RaftOptions } from "./options.js";
import type { SnapshotMeta, SnapshotPosition } from "./ports/snapshot-storage.js";
import type { Effect, RoleName } from "./protocol/effects.js";
import type { Input } from "./protocol/inputs.js";
import { restore } from "./restore.js";
import type { State } from "./state/state.js";
import { lacksSnapshot, leaderOf } from "./state/state.js";
import type { Configuration, Index, Member, NodeId, Server, Term } from "./types.js";

/**
 * Many inputs have no effects. Not frozen: loops over lists of two kinds take several times as
 * long.
 */
const NO_EFFECTS: readonly Effect[] = [];

/** One moment of a node's state, for status pages and tests. */
export interface RaftStatus {
  readonly role: RoleName;
  /** On a candidate: it asks for pre-votes, and has begun no term of its own (thesis §9.6). */
  readonly isPreCandidate: boolean;
  readonly currentTerm: Term;
  readonly votedFor: Member | null;
  readonly leaderId: NodeId | null;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  readonly lastIndex: Index;
  readonly durableIndex: Index;
  /** On a leader: whether it could answer a read by its lease now. */
  readonly hasLease: boolean;
  /** On a leader that is transferring its leadership: the target. */
  readonly transferringTo: NodeId | null;
  /** The log begins after this index; a snapshot covers what came before. 0: not compacted. */
  readonly baseIndex: Index;
  /** The newest snapshot; null: there is none, or it is damaged. */
  readonly snapshot: SnapshotMeta | null;
  /** The log begins after a snapshot that is lost, and the leader hasn't sent one yet. */
  readonly lacksSnapshot: boolean;
  readonly logBytes: number;
  /**
   * As a leader this node refuses proposals, since its log has reached its limit: all, or those as
   * large as the refused ones, until a snapshot has made room.
   */
  readonly logFull: boolean;
  /** This node's disk has no room beyond the log's reserve: as a leader it refuses proposals. */
  readonly diskFull: boolean;
  /**
   * The largest entry that this run has held, data and header, in bytes: a transport must be able to
   * carry it in addition to a message's header.
   */
  readonly largestEntryBytes: number;
  readonly configuration: Configuration | undefined;
  /** Of its entry; 0: there is none. */
  readonly configurationIndex: Index;
  /** The last configuration known to be committed, and its index; undefined: none is. */
  readonly committedConfiguration:
    | { readonly index: Index; readonly configuration: Configuration }
    | undefined;
  /** A member said that the configuration committed there doesn't name this node; 0: nobody did. */
  readonly removedAt: Index;
  /** On a leader: nodes that introduced themselves recently and aren't members. */
  readonly introductions: readonly (Server & { readonly rejoin: boolean })[];
  /**
   * While no configuration is known: the initial voters that this run still waits for. On the node
   * that asks, those that have not answered "blank, and the same list"; on the others, those that
   * have not been heard. Null once a configuration is known.
   */
  readonly bootstrap: { readonly missing: readonly NodeId[] } | null;
  /** On a leader: every other member, and removed ones that it still informs. */
  readonly peers: readonly {
    readonly id: NodeId;
    readonly matchIndex: Index;
    readonly nextIndex: Index;
    readonly lastContactAt: number;
    /**
     * How long it last took to catch up with the log of one moment, in milliseconds; Infinity: it
     * hasn't yet. Below the minimum election timeout a learner may become a voter (thesis §4.2.1).
     */
    readonly catchUpMs: number;
    readonly isLeaving: boolean;
    /** Progress of the snapshot being sent to it, in bytes; null: none. */
    readonly install: { readonly writtenBytes: number; readonly bytes: number } | null;
  }[];
}

export class Raft {
  readonly #state: State;
  readonly #invariants = new Invariants();
  #failed = false;
  /** Something may wait for the end of this turn. */
  #turnOpen = true;
  #announced: { readonly role: RoleName; readonly term: Term; readonly leaderId: NodeId | null };

  /** @throws {InvariantViolation} what was restored can't be a node's state */
  constructor(options: RaftOptions, restored: PersistedState) {
    this.#state = restore(options, restored);
    this.#checkInvariants();
    this.#announced = { role: "follower", term: this.#state.currentTerm, leaderId: null };
  }

  /**
   * When to call `step` with a tick at the latest: in the past when a turn waits for its end,
   * Infinity when there is nothing to wait for.
   */
  get deadline(): number {
    const { role, bootstrapping, remoteReads, electionDeadline } = this.#state;
    if (this.#failed) return Infinity;
    if (this.#turnOpen) return -Infinity;
    const timer =
      role.kind === "leader"
        ? Math.min(role.heartbeatDeadline, role.transfer?.deadline ?? Infinity)
        : electionDeadline;
    return Math.min(
      timer,
      transferDeadline(this.#state),
      bootstrapping?.askAt ?? Infinity,
      remoteReads.asked?.resendAt ?? Infinity,
      forwardDeadline(this.#state),
      changesDeadline(this.#state),
      introductionDeadline(this.#state),
    );
  }

  /**
   * Takes one input at the time `now` (monotonic milliseconds) and returns what is to be done about
   * it, in order within each lane. Same inputs and same `random`, same effects.
   */
  step(now: number, input: Input): readonly Effect[] {
    if (this.#failed) return [];
    const state = this.#state;
    if (state.now === -Infinity) beginWithRefusal(state, now);
    state.now = Math.max(state.now, now);
    try {
      dispatch(state, input);
      if (input.type === "tick") {
        endTurn(state);
        this.#turnOpen = false;
      } else if (OPENS_TURN[input.type]) this.#turnOpen = true;
      this.#checkInvariants();
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
      for (const [id, progress] of role.progress) {
        const { matchIndex, nextIndex, lastContactAt, install, leaving, catchUp } = progress;
        peers.push({
          id,
          matchIndex,
          nextIndex,
          lastContactAt,
          catchUpMs: catchUp.lastMs,
          isLeaving: leaving !== null,
          install: install && {
            writtenBytes: install.writtenBytes,
            bytes: install.snapshot?.bytes ?? 0,
          },
        });
      }
    }
    return {
      role: role.kind,
      isPreCandidate: role.kind === "candidate" && role.phase === "preVote",
      currentTerm,
      votedFor,
      leaderId: this.#leaderId(),
      commitIndex,
      lastApplied,
      lastIndex: log.lastIndex,
      durableIndex: durability.durableIndex,
      hasLease: role.kind === "leader" && hasLease(this.#state, role),
      transferringTo: role.kind === "leader" ? (role.transfer?.target.id ?? null) : null,
      baseIndex: log.base.index,
      snapshot: this.#state.snapshot,
      lacksSnapshot: lacksSnapshot(this.#state),
      logBytes: log.bytes,
      logFull: isLogFull(this.#state),
      diskFull: this.#state.isDiskFull,
      largestEntryBytes: log.largestEntryBytes,
      configuration: membership.current,
      configurationIndex: configurationIndex(this.#state),
      committedConfiguration: configurationAt(this.#state, commitIndex),
      removedAt: membership.removedAt,
      introductions: role.kind === "leader" ? strangersIn(this.#state, role) : [],
      bootstrap: membership.current ? null : { missing: missingVoters(this.#state) },
      peers,
    };
  }

  /**
   * The position of a snapshot at `index`. Its configuration is the one in force there, which isn't
   * the latest in the log if that comes after it.
   * @returns undefined for an index that the log doesn't hold, and before the first configuration
   */
  snapshotPositionAt(index: Index): SnapshotPosition | undefined {
    const term = this.#state.log.term(index);
    const found = configurationAt(this.#state, index);
    if (term === undefined || !found) return undefined;
    return { index, term, configuration: found.configuration, configurationIndex: found.index };
  }

  #leaderId(): NodeId | null {
    const { role, options } = this.#state;
    return role.kind === "leader" ? options.id : (leaderOf(this.#state)?.id ?? null);
  }

  /** Nothing leaves that may rest on what is wrong. */
  #checkInvariants(): void {
    const broken = this.#invariants.findBroken(this.#state);
    if (broken === undefined) return;
    this.#state.effects = [];
    throw new InvariantViolation(
      `node ${this.#state.options.id} stops because its own state is impossible: ${broken}; this is a bug, or the machine's memory is faulty`,
    );
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
