// One file of the simulated disk: what a process reads of it, what is durable, and what was written
// in between, in order. It knows no names and no failures; which part of the unsynced writes
// survives is the caller's choice.

/** Bytes that grow without being copied each time. */
interface Content {
  bytes: Uint8Array;
  size: number;
}

export interface SimulatedFile {
  readonly isDirectory: boolean;
  /** Where it was last known by name. */
  path: string;
  readonly current: Content;
  readonly durable: Content;
  /** Written since the last sync, oldest first. */
  pending: { readonly at: number; readonly bytes: Uint8Array }[];
}

/** A disk writes whole sectors, of so many bytes: one is there or not. */
const SECTOR_BYTES = 512;

export function createFile(isDirectory: boolean, path: string): SimulatedFile {
  return {
    isDirectory,
    path,
    current: { bytes: new Uint8Array(), size: 0 },
    durable: { bytes: new Uint8Array(), size: 0 },
    pending: [],
  };
}

/** The content as it is, uncopied. */
export function view({ bytes, size }: Content): Uint8Array {
  return bytes.subarray(0, size);
}

export function writeTo(file: SimulatedFile, at: number, bytes: Uint8Array): void {
  put(file.current, at, bytes);
  file.pending.push({ at, bytes });
}

/** All that was written is durable from now on. */
export function syncFile(file: SimulatedFile): void {
  for (const { at, bytes } of file.pending) put(file.durable, at, bytes);
  file.pending = [];
}

/** What was written of these bytes is durable from now on; what was written beside them isn't. */
export function syncRange(file: SimulatedFile, from: number, to: number): void {
  file.pending = file.pending.flatMap((written) => {
    const { at, bytes } = written;
    const start = Math.min(Math.max(from - at, 0), bytes.length);
    const end = Math.min(Math.max(to - at, start), bytes.length);
    if (start === end) return [written];
    put(file.durable, at + start, bytes.subarray(start, end));
    return [
      { at, bytes: bytes.subarray(0, start) },
      { at: at + end, bytes: bytes.subarray(end) },
    ].filter((rest) => rest.bytes.length > 0);
  });
}

/** How many sectors were written and not synced; one that was written twice counts twice. */
export function unsyncedSectors(file: SimulatedFile): number {
  let count = 0;
  for (const { at, bytes } of file.pending) for (const _ of sectors(at, bytes.length)) count++;
  return count;
}

/**
 * The unsynced writes reach the disk sector by sector as `keep` says, asked in the order in which
 * they were written. The rest never will.
 */
export function settleFile(file: SimulatedFile, keep: () => boolean): void {
  for (const { at, bytes } of file.pending) {
    for (const [from, to] of sectors(at, bytes.length)) {
      if (keep()) put(file.durable, from, bytes.subarray(from - at, to - at));
    }
  }
  file.pending = [];
}

/** The next read returns what is durable: nothing is cached any more. */
export function dropCache({ current, durable }: SimulatedFile): void {
  current.bytes = durable.bytes.slice(0, durable.size);
  current.size = durable.size;
}

/** @returns whether the file is that long */
export function flipByte({ current, durable }: SimulatedFile, at: number, mask: number): boolean {
  for (const { bytes, size } of [current, durable]) {
    if (at < size) bytes[at] = (bytes[at] ?? 0) ^ mask;
  }
  return at < durable.size;
}

function* sectors(at: number, length: number): Generator<[number, number]> {
  for (let from = at; from < at + length;) {
    const to = Math.min(at + length, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    yield [from, to];
    from = to;
  }
}

function put(content: Content, at: number, bytes: Uint8Array): void {
  const end = at + bytes.length;
  if (end > content.bytes.length) {
    const grown = new Uint8Array(Math.max(end, 2 * content.bytes.length));
    grown.set(view(content));
    content.bytes = grown;
  }
  content.bytes.set(bytes, at);
  content.size = Math.max(content.size, end);
}
