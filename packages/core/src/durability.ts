// What is on disk, as far as this node may promise it. Operations are staged during a turn and
// leave as one persist; `persisted` is cumulative, and a truncation takes back what earlier writes
// would have vouched for (docs/rules.md, promise 3).
import type { LogOperation } from "./ports.js";
import type { State } from "./state.js";
import type { HardState, Index, Term } from "./types.js";

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
    done++;
  }
  durability.pending.splice(0, done);
  if (state.role.kind === "follower" && state.role.ackWhenSeq !== null) state.role.ackNow = true;
  state.turnOpen = true;
}

/**
 * Whether the oldest write has been under way for longer than an election may take (docs/rules.md,
 * promise 4).
 */
export function diskHangs(state: State): boolean {
  const oldest = state.durability.pending[0];
  return oldest !== undefined && state.now - oldest.startedAt > state.options.electionTimeoutMs.max;
}
