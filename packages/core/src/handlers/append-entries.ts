// AppendEntries at a follower (paper Figure 2, "AppendEntries RPC").
import { ENTRY_HEADER_BYTES, entryLength, entryTerm } from "../encoding/entry.js";
import { InvariantViolation, StorageRolledBack } from "../errors.js";
import { refuseAppend } from "../operations/acknowledgement.js";
import { advanceCommit } from "../operations/commit.js";
import { isDurable, promiseSeq, truncateFrom } from "../operations/durability.js";
import { emit } from "../operations/emit.js";
import { follow } from "../operations/follow.js";
import { adoptConfigurations, dropConfigurationsFrom } from "../operations/membership.js";
import { resetElectionTimer } from "../operations/timers.js";
import { memberOf } from "../operations/voters.js";
import type { AppendEntries } from "../protocol/messages.js";
import type { Follower, State } from "../state/state.js";
import type { EntryRun, Index, Sender, Term } from "../types.js";

/** The request's term is this node's: an earlier one was refused, a later one adopted. */
export function onAppendEntries(state: State, from: Sender, message: AppendEntries): void {
  const follower = follow(state, from);
  if (!follower) return;
  state.heardLeaderAt = state.now;
  resetElectionTimer(state);
  const isNewRound = message.round > follower.round;
  follower.round = Math.max(follower.round, message.round);
  follower.askedLeaseMs = message.leaseMs;
  // Up to its base a log holds what was acknowledged in a snapshot, though a reset isn't durable yet.
  if (message.matchIndex > Math.max(state.durability.durableIndex, state.log.base.index)) {
    onRolledBack(state, follower, from, message);
    return;
  }
  if (!isInLog(state, message.prevLogIndex, message.prevLogTerm)) {
    refuseAppend(state, follower, from, message);
    return;
  }
  const [run] = message.entries;
  if (run) appendMissing(state, follower, run);
  const lastNewIndex = Math.max(message.prevLogIndex + (run?.count ?? 0), state.log.base.index);
  follower.verifiedIndex = Math.max(follower.verifiedIndex, lastNewIndex);
  follower.leaderCommit = Math.max(follower.leaderCommit, message.leaderCommit);
  // What is verified is a prefix of the log of this term's leader, which never changes in its term,
  // so what the leader has committed of it is the same entry here, whichever request verified it
  // and in whatever order requests arrive. What follows in this log may be another leader's.
  advanceCommit(state, Math.min(follower.leaderCommit, follower.verifiedIndex));
  const seq = promiseSeq(state);
  if (isNewRound || isDurable(state, seq)) follower.ackNow = true;
  if (!isDurable(state, seq)) follower.ackWhenSeq = seq;
}

/**
 * What this data directory acknowledged to this leader in this term was durable, and nothing of it
 * can have been cut since: it is the leader's own log. So it is another, older directory by now.
 * The leader is told, then the node stops. A stranger's word is not enough for that; where the
 * configuration itself is gone, an initial voter's is.
 */
function onRolledBack(
  state: State,
  follower: Follower,
  from: Sender,
  message: AppendEntries,
): void {
  const { id, incarnation, bootstrap } = state.options;
  const isMember = state.membership.current
    ? memberOf(state, from) !== undefined
    : bootstrap.some((peer) => peer.id === from.id);
  if (!isMember) {
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: true });
    return;
  }
  refuseAppend(state, follower, from, message);
  throw new StorageRolledBack(
    `node ${id} acknowledged the entries up to ${message.matchIndex} to ${from.id}, but its log (data directory ${incarnation}) ends at ${state.durability.durableIndex}: an older copy of the directory was restored, or the disk lost what it had stored; a copy must never be restored, because it lacks this node's later votes and acknowledgements; if the original directory still exists, use that one; else keep this node stopped, and replace it: the cluster works as long as a majority of the others does`,
  );
}

/**
 * What a snapshot stands for is committed, so every later leader has it, and its log leads up to the
 * base as this one does. Late messages and those of a leader that keeps more are no conflict.
 */
function isInLog({ log }: State, index: Index, term: Term): boolean {
  return index < log.base.index || log.matches(index, term);
}

/** Skips what is there already, cuts at the first conflict only, appends the rest (R14). */
function appendMissing(state: State, follower: Follower, run: EntryRun): void {
  let skipped = 0;
  let offset = 0;
  while (
    skipped < run.count &&
    (run.firstIndex + skipped <= state.log.base.index ||
      state.log.term(run.firstIndex + skipped) === entryTerm(run.bytes, offset))
  ) {
    offset += ENTRY_HEADER_BYTES + entryLength(run.bytes, offset);
    skipped++;
  }
  if (skipped === run.count) return;
  const missing =
    skipped === 0
      ? run
      : {
          firstIndex: run.firstIndex + skipped,
          count: run.count - skipped,
          bytes: run.bytes.subarray(offset),
        };
  if (missing.firstIndex <= state.log.lastIndex) cutConflict(state, follower, missing.firstIndex);
  state.log.append(missing);
  state.durability.staged.push({ type: "append", run: missing });
  state.bootstrapping = null;
  adoptConfigurations(state, missing);
}

function cutConflict(state: State, follower: Follower, index: Index): void {
  if (index <= state.commitIndex) {
    throw new InvariantViolation(
      `a leader of term ${state.currentTerm} would replace the committed entry ${index}`,
    );
  }
  if (index <= follower.verifiedIndex) {
    throw new InvariantViolation(
      `the leader of term ${state.currentTerm} would replace its own entry ${index}`,
    );
  }
  truncateFrom(state, index);
  dropConfigurationsFrom(state, index);
}
