// The one binary form of log entries: what storage writes and what AppendEntries carries are the
// same bytes.
//
//   run    = entry*               contiguous entries; the index of the first is beside the bytes
//   entry  = length u32 | kind u8 | 0 u8 | term u48 | data[length]      integers little-endian
//
// A run never changes after it was made, and its bytes are never copied on their way to disks and
// peers.
import type { EntryRun, Index, Term } from "../types.js";

/** What an entry is for. `clock`: the time that has passed, as the leader measured it (clock.ts). */
export const EntryKind = { command: 0, noop: 1, configuration: 2, clock: 3 } as const;

export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** Bytes in front of each entry's data. */
export const ENTRY_HEADER_BYTES = 12;

/** Where in it the kind stands. */
export const ENTRY_KIND_OFFSET = 4;

/** The largest term that the form can hold. */
export const TERM_MAX: Term = 2 ** 48 - 1;

/** One entry as it is read out of a run; `data` is a view of the run's bytes. */
export interface Entry {
  readonly index: Index;
  readonly term: Term;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** The data length of the entry that starts at `offset`. */
export function entryLength(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) | ((bytes[offset + 2] ?? 0) << 16)) +
    (bytes[offset + 3] ?? 0) * 0x1000000
  );
}

/** The term of the entry that starts at `offset`. */
export function entryTerm(bytes: Uint8Array, offset: number): Term {
  const low =
    ((bytes[offset + 6] ?? 0) |
      ((bytes[offset + 7] ?? 0) << 8) |
      ((bytes[offset + 8] ?? 0) << 16)) +
    (bytes[offset + 9] ?? 0) * 0x1000000;
  return low + ((bytes[offset + 10] ?? 0) | ((bytes[offset + 11] ?? 0) << 8)) * 0x100000000;
}

/** Encodes entries of one term and kind as one run. Copies each data once, into one allocation. */
export function encodeRun(
  firstIndex: Index,
  term: Term,
  kind: EntryKind,
  datas: readonly Uint8Array[],
): EntryRun {
  let length = datas.length * ENTRY_HEADER_BYTES;
  for (const data of datas) length += data.length;
  const bytes = new Uint8Array(length);
  const low = term % 0x100000000;
  const high = (term - low) / 0x100000000;
  let at = 0;
  for (const data of datas) {
    const n = data.length;
    bytes[at] = n;
    bytes[at + 1] = n >>> 8;
    bytes[at + 2] = n >>> 16;
    bytes[at + 3] = n >>> 24;
    bytes[at + ENTRY_KIND_OFFSET] = kind;
    bytes[at + 6] = low;
    bytes[at + 7] = low >>> 8;
    bytes[at + 8] = low >>> 16;
    bytes[at + 9] = low >>> 24;
    bytes[at + 10] = high;
    bytes[at + 11] = high >>> 8;
    bytes.set(data, at + ENTRY_HEADER_BYTES);
    at += ENTRY_HEADER_BYTES + n;
  }
  return { firstIndex, count: datas.length, bytes };
}

/** Reads a run's entries one after another. */
export function* readEntries(run: EntryRun): Generator<Entry> {
  let offset = 0;
  for (let i = 0; i < run.count; i++) {
    const length = entryLength(run.bytes, offset);
    const start = offset + ENTRY_HEADER_BYTES;
    yield {
      index: run.firstIndex + i,
      term: entryTerm(run.bytes, offset),
      kind: run.bytes[offset + ENTRY_KIND_OFFSET] as EntryKind,
      data: run.bytes.subarray(start, start + length),
    };
    offset = start + length;
  }
}

/** Whether an entry of the run is of this kind. */
export function holdsKind({ count, bytes }: EntryRun, kind: EntryKind): boolean {
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (bytes[offset + ENTRY_KIND_OFFSET] === kind) return true;
    offset += ENTRY_HEADER_BYTES + entryLength(bytes, offset);
  }
  return false;
}

/**
 * What a run's bytes hold. `kinds` has the bit `1 << kind` for each kind seen; the terms are 0 when
 * there is no entry.
 */
export interface RunContent {
  readonly count: number;
  readonly firstTerm: Term;
  readonly lastTerm: Term;
  readonly kinds: number;
}

/**
 * Checks bytes that came from outside: whole entries only, known kinds, terms from 1, never
 * falling.
 * @returns undefined when they are not a run
 */
export function inspectEntries(bytes: Uint8Array): RunContent | undefined {
  let offset = 0;
  let count = 0;
  let firstTerm = 0;
  let lastTerm = 1;
  let kinds = 0;
  while (offset < bytes.length) {
    if (bytes.length - offset < ENTRY_HEADER_BYTES) return undefined;
    const term = entryTerm(bytes, offset);
    const kind = bytes[offset + ENTRY_KIND_OFFSET] ?? 0;
    if (bytes[offset + 5] !== 0 || kind > EntryKind.clock || term < lastTerm) return undefined;
    if (count === 0) firstTerm = term;
    lastTerm = term;
    kinds |= 1 << kind;
    offset += ENTRY_HEADER_BYTES + entryLength(bytes, offset);
    count++;
  }
  if (offset !== bytes.length) return undefined;
  return { count, firstTerm, lastTerm: count === 0 ? 0 : lastTerm, kinds };
}
