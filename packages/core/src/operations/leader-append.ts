// Entries that a leader appends, and the limits that refuse them.
import { CLOCK_BYTES, CLOCK_ELAPSED_MS_MAX, encodeClock } from "../encoding/clock.js";
import { encodeRun, EntryKind } from "../encoding/entry.js";
import { ENTRY_OVERHEAD_BYTES, sizeOf } from "../log/log.js";
import type { Refusal } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import type { EntryRun } from "../types.js";
import { compactTail } from "./compaction.js";
import { emit } from "./emit.js";

/** Puts entries made by this leader at the end of its log. */
export function appendOwn(state: State, leader: Leader, run: EntryRun): void {
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  leader.uncommittedBytes += sizeOf(run);
}

/**
 * Called when commands are about to be appended: says first how much time has passed, where the
 * state machine wants to know and enough has. So a cluster without commands stays idle. Time before
 * this leadership doesn't count, nor what is above the cap.
 *
 * No command is refused for it: where the bounds hold the command but not both, it waits for a later
 * one, and its time with it.
 * @param bytes what the command that follows counts for in the bounds, or the forward
 */
export function appendClock(state: State, leader: Leader, bytes: number): void {
  const { clockIntervalMs } = state.options;
  const passedMs = state.now - leader.clockToldAt;
  if (clockIntervalMs === undefined || passedMs < clockIntervalMs) return;
  if (exceededBound(state, leader, bytes + CLOCK_BYTES + ENTRY_OVERHEAD_BYTES)) return;
  const elapsedMs = Math.min(Math.floor(passedMs), CLOCK_ELAPSED_MS_MAX);
  // Fractions are left for the next one.
  leader.clockToldAt =
    elapsedMs < CLOCK_ELAPSED_MS_MAX ? leader.clockToldAt + elapsedMs : state.now;
  const data = [encodeClock(elapsedMs)];
  const firstIndex = state.log.lastIndex + 1;
  appendOwn(state, leader, encodeRun(firstIndex, state.currentTerm, EntryKind.clock, data));
}

/**
 * Why this much isn't taken: for want of room, or because the next leader is to take it. It refuses
 * proposals only, never a no-op.
 */
export function exceededBound(
  state: State,
  leader: Leader,
  bytes: number,
): Exclude<Refusal, "notLeader"> | null {
  if (leader.transfer) return "transferring";
  if (state.isDiskFull) return "diskFull";
  if (state.log.bytes + bytes > state.options.maxLogBytes) return "logFull";
  return leader.uncommittedBytes + bytes > state.options.maxUncommittedBytes ? "overloaded" : null;
}

/**
 * The same for a command, or for a forward. If the log has no room, the entries that the newest
 * snapshot covers make way first.
 * @param before what is about to be appended before it
 */
export function refusalOf(
  state: State,
  leader: Leader,
  bytes: number,
  before = 0,
): ReturnType<typeof exceededBound> {
  if (exceededBound(state, leader, before + bytes) === "logFull") compactTail(state);
  const bound = exceededBound(state, leader, before + bytes);
  if (bound === "logFull") noteLogFull(state, leader, bytes);
  return bound;
}

function noteLogFull(state: State, leader: Leader, bytes: number): void {
  if (leader.refusedBytes === Infinity) {
    emit(state, { type: "notice", notice: "logFull", peer: null });
  }
  leader.refusedBytes = Math.min(leader.refusedBytes, bytes);
}
