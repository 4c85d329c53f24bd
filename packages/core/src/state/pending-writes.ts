// What was handed to the log's storage, and how much of it is durable.
import type { LogOperation } from "../ports/log-storage.js";
import type { HardState, Index, Term } from "../types.js";

interface PendingWrite {
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
  pending: PendingWrite[];
  staged: LogOperation[];
  /** How long the slowest recent write took, in milliseconds: a peak that fades with each write. */
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
