// Clock entries: how much time has passed in a leader's log, as every replica sees it (thesis
// §6.3). Their data is the milliseconds since the leader's last one, a u32, little-endian.
import type { EntryRun } from "../types.js";
import { EntryKind, readEntries } from "./entry.js";

/** The data of a clock entry. */
export const CLOCK_BYTES = 4;

/**
 * The most that one clock entry says: an hour. So a leader's clock that jumps, as that of a machine
 * that was suspended, and a peer that lies move the replicated time by an hour at most. It is as
 * long as any interval needs to be, and short for what replicated time is there for: to tell what
 * nobody has used for a long time.
 */
export const CLOCK_ELAPSED_MS_MAX = 3_600_000;

/** @param elapsedMs whole milliseconds, 0 to CLOCK_ELAPSED_MS_MAX */
export function encodeClock(elapsedMs: number): Uint8Array {
  const data = new Uint8Array(CLOCK_BYTES);
  new DataView(data.buffer).setUint32(0, elapsedMs, true);
  return data;
}

/** The milliseconds that a clock entry says. @returns undefined when it is none */
export function decodeClock(data: Uint8Array): number | undefined {
  if (data.length !== CLOCK_BYTES) return undefined;
  const elapsedMs = new DataView(data.buffer, data.byteOffset, CLOCK_BYTES).getUint32(0, true);
  return elapsedMs <= CLOCK_ELAPSED_MS_MAX ? elapsedMs : undefined;
}

/** Whether every entry of a run that claims to be a clock entry is one. */
export function areClocksRight(run: EntryRun): boolean {
  for (const { kind, data } of readEntries(run)) {
    if (kind === EntryKind.clock && decodeClock(data) === undefined) return false;
  }
  return true;
}
