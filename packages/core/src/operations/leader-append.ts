// Entries that a leader makes, and the bounds that leave no room for them.
import { ENTRY_OVERHEAD_BYTES } from "../log/log.js";
import type { Leader, State } from "../state/state.js";
import type { EntryRun } from "../types.js";

/** Puts entries made by this leader at the end of its log. */
export function appendOwn(state: State, leader: Leader, run: EntryRun): void {
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  for (let i = 0; i < run.count; i++) leader.uncommittedBytes += state.log.size(run.firstIndex + i);
}

/** The bound that leaves no room for this much; they refuse proposals only. */
export function exceededBound(
  state: State,
  leader: Leader,
  bytes: number,
): "overloaded" | "logFull" | null {
  if (state.log.bytes + bytes > state.options.maxLogBytes) return "logFull";
  return leader.uncommittedBytes + bytes > state.options.maxUncommittedBytes ? "overloaded" : null;
}

/** Remembers the least that the log's bound had no room for. */
export function noteLogFull(state: State, bytes: number): void {
  state.logRefusedBytes = Math.min(state.logRefusedBytes, bytes);
}

/** Whether the log's bound refuses proposals: every one, or one like those that it did refuse. */
export function isLogFull({ log, logRefusedBytes, options }: State): boolean {
  const least = logRefusedBytes < Infinity ? logRefusedBytes : ENTRY_OVERHEAD_BYTES;
  return log.bytes + least > options.maxLogBytes;
}
