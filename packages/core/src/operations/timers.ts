// How long to wait: election timeouts, and what slow disks add to them (decision 0015).
import type { State } from "../state/state.js";

/** @param moreMs beside the timeout that is drawn */
export function resetElectionTimer(state: State, moreMs = 0): void {
  const { min, max } = state.options.electionTimeoutMs;
  state.electionDeadline = state.now + moreMs + min + state.options.random() * (max - min);
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
 * How long a write takes on this disk, by its recent and current writes; also the best estimate for
 * the others' disks.
 */
export function expectedWriteMs(state: State): number {
  return bounded(state, Math.max(state.durability.slowestMs, oldestWriteMs(state)));
}

/**
 * The disks' part of an election: the write of the votes, after one that may be running. A node
 * that retries waits for slow writes too; otherwise elections would keep ending each other
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
 * Whether the oldest write has taken longer than an election may take, and twice as long as any
 * recent one: a disk that is always slow doesn't hang (docs/rules.md, promise 4).
 */
export function diskHangs(state: State): boolean {
  const usualMs = 2 * bounded(state, state.durability.slowestMs);
  return oldestWriteMs(state) > Math.max(state.options.electionTimeoutMs.max, usualMs);
}
