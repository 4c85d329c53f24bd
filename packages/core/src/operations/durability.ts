// What is on disk, as far as this node may promise it. Operations are staged during a turn and
// leave as one persist; `persisted` is cumulative, and a truncation takes back what earlier writes
// would have vouched for (docs/rules.md, promise 3).
import type { LogOperation } from "../ports/ports.js";
import type { State } from "../state/state.js";
import type { HardState, Index, Term } from "../types.js";

/** So much of a peak is left when another write has ended. */
const SLOWEST_DECAY = 7 / 8;

interface PendingPersist {
  readonly seq: number;
  readonly term: Term;
  /** The last index that this write will vouch for; lowered by truncation. */
  lastIndex: Index;
  readonly startedAt: number;
}

export interface Durability {
  /** The last index that is durable and part of the present log: the own matchIndex. */
  durableIndex: Index;
  durableTerm: Term;
  durableSeq: number;
  lastSeq: number;
  pending: PendingPersist[];
  staged: LogOperation[];
  /** What the slowest write of late took, in milliseconds: a peak that fades with each write. */
  slowestMs: number;
  /** What was last handed to the storage. */
  savedHardState: HardState;
}

export function newDurability(hardState: HardState, lastIndex: Index): Durability {
  return {
    durableIndex: lastIndex,
    durableTerm: hardState.currentTerm,
    durableSeq: 0,
    lastSeq: 0,
    pending: [],
    staged: [],
    slowestMs: 0,
    savedHardState: hardState,
  };
}

function hardStateChanged(state: State): boolean {
  const { currentTerm, votedFor } = state.durability.savedHardState;
  return state.currentTerm !== currentTerm || state.votedFor !== votedFor;
}

/**
 * The persist after which everything that this node has decided so far is durable. Promises wait
 * for it.
 */
export function promiseSeq(state: State): number {
  const { staged, lastSeq } = state.durability;
  return staged.length > 0 || hardStateChanged(state) ? lastSeq + 1 : lastSeq;
}

export function isDurable(state: State, seq: number): boolean {
  return state.durability.durableSeq >= seq;
}

/** Cuts the log; at once, nothing vouches for the cut entries any more. */
export function truncateFrom(state: State, index: Index): void {
  const { durability } = state;
  state.log.truncateFrom(index);
  durability.staged.push({ type: "truncateFrom", index });
  durability.durableIndex = Math.min(durability.durableIndex, index - 1);
  for (const pending of durability.pending) {
    pending.lastIndex = Math.min(pending.lastIndex, index - 1);
  }
}

/** Hands what was staged in this turn to the storage, as one write. */
export function persistStaged(state: State): void {
  const { durability } = state;
  if (promiseSeq(state) === durability.lastSeq) return;
  const operations = durability.staged;
  durability.staged = [];
  if (hardStateChanged(state)) {
    durability.savedHardState = { currentTerm: state.currentTerm, votedFor: state.votedFor };
    operations.unshift({ type: "hardState", hardState: durability.savedHardState });
  }
  durability.lastSeq++;
  durability.pending.push({
    seq: durability.lastSeq,
    term: state.currentTerm,
    lastIndex: state.log.lastIndex,
    startedAt: state.now,
  });
  state.effects.push({ type: "persist", seq: durability.lastSeq, operations });
}

/** This persist and all before it are on disk. */
export function onPersisted(state: State, seq: number): void {
  const { durability } = state;
  let done = 0;
  for (const pending of durability.pending) {
    if (pending.seq > seq) break;
    durability.durableIndex = Math.max(durability.durableIndex, pending.lastIndex);
    durability.durableTerm = pending.term;
    durability.durableSeq = pending.seq;
    durability.slowestMs = Math.max(
      state.now - pending.startedAt,
      durability.slowestMs * SLOWEST_DECAY,
    );
    done++;
  }
  durability.pending.splice(0, done);
  if (state.role.kind === "follower" && state.role.ackWhenSeq !== null) state.role.ackNow = true;
  state.turnOpen = true;
}

function oldestWriteMs(state: State): number {
  const oldest = state.durability.pending[0];
  return oldest ? state.now - oldest.startedAt : 0;
}

/** No disk counts as slower than two election timeouts: what takes longer hangs. */
function bounded(state: State, ms: number): number {
  return Math.min(ms, 2 * state.options.electionTimeoutMs.max);
}

/**
 * How long a write takes: on this disk, by what it did of late and is doing now, and the best
 * estimate of what it takes on the others'.
 */
export function expectedWriteMs(state: State): number {
  return bounded(state, Math.max(state.durability.slowestMs, oldestWriteMs(state)));
}

/**
 * The disks' part of an election: the votes' write, behind one that may be under way. Where writes
 * are slow, whoever tries again waits for that too; else elections would keep on ending each other
 * (decision 0015).
 */
export function electionWritesMs(state: State): number {
  return 2 * expectedWriteMs(state);
}

/**
 * How long a candidate waits for the others' votes beside its timeout. Their disks may be slower
 * than its own: each election that it abandoned for want of votes adds one of the longest timeouts.
 */
export function votesMs(state: State): number {
  const slowerMs = state.abandonedElections * state.options.electionTimeoutMs.max;
  return electionWritesMs(state) + bounded(state, slowerMs);
}

/**
 * Whether the oldest write has been under way for longer than an election may take, and twice as
 * long as any of late: a disk that is always slow doesn't hang (docs/rules.md, promise 4).
 */
export function diskHangs(state: State): boolean {
  const usualMs = 2 * bounded(state, state.durability.slowestMs);
  return oldestWriteMs(state) > Math.max(state.options.electionTimeoutMs.max, usualMs);
}
