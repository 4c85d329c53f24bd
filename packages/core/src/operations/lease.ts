// Leases (thesis §6.4.1): a leader answers reads by itself while a majority has promised not to
// elect another. The promise is leader stickiness, which every voter keeps anyway (election.ts); it
// is a lease only if the rates of clocks differ by less than a limit, which the user must state. So
// there are no leases unless `leaseDriftRate` is given (hazards 39 and 72).
//
// Each side allows for its own clock. A voter that refuses for `min` of its milliseconds does so
// for at least `min / (1 + rate)` real ones: that is `leaseMs`. A leader whose clock shows less
// than `leaseMs * (1 - rate)` since it *sent* a round knows that less than `leaseMs` has passed.
import type { Follower, Leader, State } from "../state/state.js";
import type { Sender } from "../types.js";
import { reachedByQuorum } from "./voters.js";

/**
 * Stops of this node's clock that are longer are told (input `clockStopped`). Of shorter ones two may
 * fall into one lease unseen, one on either side of what is compared.
 */
export const CLOCK_STOP_MS = 2;

/** When a round began is remembered for so many of them in a heartbeat interval. */
const ROUNDS_PER_HEARTBEAT = 8;

/**
 * For how many real milliseconds this node refuses to elect another once it has heard a leader, at
 * least; so it asks its voters for no more, and promises no more. 0: leases are off.
 */
export function leaseMs({ options: { electionTimeoutMs, leaseDriftRate } }: State): number {
  return leaseDriftRate === undefined
    ? 0
    : Math.floor(electionTimeoutMs.min / (1 + leaseDriftRate));
}

/**
 * Whether this follower keeps to the lease that its leader asked for. Its term must be on disk: from
 * then on it refuses to vote after a restart, too (`beginWithRefusal`).
 */
export function promisesLease(state: State, follower: Follower): boolean {
  const { askedLeaseMs } = follower;
  if (askedLeaseMs === 0 || askedLeaseMs > leaseMs(state)) return false;
  return state.durability.durableTerm === state.currentTerm;
}

/**
 * A restarted voter may have promised a lease in its earlier run, whatever its options are now: it
 * refuses votes as if it had just heard a leader. One that never stored a term has promised nothing.
 */
export function beginWithRefusal(state: State, now: number): void {
  if (state.currentTerm > 0) state.heardLeaderAt = now;
}

/** A round begins: nothing of it has left yet. Of some that follow closely the first one counts. */
export function noteRound(state: State, leader: Leader): void {
  const { rounds } = leader.lease;
  const { now, options } = state;
  const last = rounds.at(-1);
  if (last && now - last.beganAt < options.heartbeatIntervalMs / ROUNDS_PER_HEARTBEAT) return;
  rounds.push({ round: leader.round, beganAt: now });
  while (rounds[0] && now - rounds[0].beganAt > options.electionTimeoutMs.min) rounds.shift();
}

/** Whether nobody else can have been elected yet, so that reads may be answered without asking. */
export function hasLease(state: State, leader: Leader): boolean {
  const { leaseDriftRate } = state.options;
  const { rounds, isForfeited } = leader.lease;
  if (leaseDriftRate === undefined) return false;
  if (isForfeited || state.commitIndex < leader.noopIndex) return false;
  const promised = reachedByQuorum(
    state,
    leader.round,
    leader,
    (progress) => progress.promisedRound,
  );
  const beganAt = rounds.findLast(({ round }) => round <= promised)?.beganAt ?? -Infinity;
  return state.now - beganAt < leaseMs(state) * (1 - leaseDriftRate) - 2 * CLOCK_STOP_MS;
}

/** This node's clock stood still while others' went on: what it knows of the time is wrong. */
export function voidLease({ role }: State): void {
  if (role.kind === "leader") role.lease.rounds.length = 0;
}

/** Who asks may read now what is applied up to the commit index. */
export function answersByLease(state: State, leader: Leader, from: Sender | null): boolean {
  if (!hasLease(state, leader)) return false;
  const progress = from ? leader.progress.get(from.id) : undefined;
  if (progress) progress.awaitsCommit = Math.max(progress.awaitsCommit, state.commitIndex);
  return true;
}
