// Runs of entries for property tests, and a second, plain reading of their bytes.
import type { EntryRun } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import fc from "fast-check";

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export interface PlainEntry {
  readonly term: number;
  readonly kind: number;
  readonly data: Uint8Array;
}

export function runOf(firstIndex: number, entries: readonly PlainEntry[]): EntryRun {
  const parts = entries.map(
    ({ term, kind, data }) => encodeRun(1, term, kind as EntryKind, [data]).bytes,
  );
  return { firstIndex, count: entries.length, bytes: concatenate(parts) };
}

/** Commands and no-ops, terms rising. */
export function arbitraryRun(firstIndex: number): fc.Arbitrary<EntryRun> {
  const entry = fc.record({
    step: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom(EntryKind.command, EntryKind.noop),
    data: fc.uint8Array({ maxLength: 20 }),
  });
  return fc.array(entry, { maxLength: 8 }).map((entries) => {
    let term = 1;
    return runOf(
      firstIndex,
      entries.map(({ step, kind, data }) => ({ term: (term += step), kind, data })),
    );
  });
}

/** The documented layout, read with a DataView. */
export function parseEntries(bytes: Uint8Array): PlainEntry[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: PlainEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 12) return undefined;
    const length = view.getUint32(at, true);
    const kind = view.getUint8(at + 4);
    const term = Number(view.getBigUint64(at + 4, true) >> 16n);
    if (
      kind > 3 ||
      view.getUint8(at + 5) !== 0 ||
      term < (entries.at(-1)?.term ?? 1) ||
      at + 12 + length > bytes.length
    ) {
      return undefined;
    }
    entries.push({ term, kind, data: bytes.subarray(at + 12, at + 12 + length) });
    at += 12 + length;
  }
  return entries;
}
