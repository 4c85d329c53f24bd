// The state as bytes: the same state gives the same bytes, whatever its history. Integers are
// little-endian.
//
//   snapshot = "rkv" | version u8 (1) | count u64 | record*          records in the order of their keys' bytes
//   record   = keyBytes u16 | 0 u16 | valueBytes u32 | index u64 | key | value
//
// It reads no state of its own: it is handed captured items, and hands back new ones only when all
// of them are good.
import { RaftkitError } from "@raftkit/core";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./commands.js";
import { fromOrdered, toOrdered } from "./order.js";
import { createSortedItems } from "./sorted.js";
import type { Capture, SortedItems } from "./sorted.js";

const MAGIC = 0x01766b72;
const HEADER_BYTES = 12;
const RECORD_HEADER_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;

/** The snapshot in chunks of 64 KiB, the last one shorter. Each chunk is the reader's to keep. */
export function* writeSnapshot(capture: Capture): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let chunk = new Uint8Array(CHUNK_BYTES);
  let at = 0;

  function* append(bytes: Uint8Array): Generator<Uint8Array> {
    for (let from = 0; from < bytes.length;) {
      const part = Math.min(bytes.length - from, CHUNK_BYTES - at);
      chunk.set(part === bytes.length ? bytes : bytes.subarray(from, from + part), at);
      at += part;
      from += part;
      if (at < CHUNK_BYTES) continue;
      yield chunk;
      chunk = new Uint8Array(CHUNK_BYTES);
      at = 0;
    }
  }

  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint32(0, MAGIC, true);
  setUint64(header, 4, capture.size);
  yield* append(new Uint8Array(header.buffer));
  const record = new DataView(new ArrayBuffer(RECORD_HEADER_BYTES));
  const recordBytes = new Uint8Array(record.buffer);
  for (const { ordered, value, index } of capture.items()) {
    const key = encoder.encode(fromOrdered(ordered));
    record.setUint16(0, key.length, true);
    record.setUint32(4, value.length, true);
    setUint64(record, 8, index);
    if (at + RECORD_HEADER_BYTES + key.length + value.length < CHUNK_BYTES) {
      // most records: no generator for each part
      chunk.set(recordBytes, at);
      chunk.set(key, at + RECORD_HEADER_BYTES);
      chunk.set(value, at + RECORD_HEADER_BYTES + key.length);
      at += RECORD_HEADER_BYTES + key.length + value.length;
      continue;
    }
    yield* append(recordBytes);
    yield* append(key);
    yield* append(value);
  }
  if (at > 0) yield chunk.subarray(0, at);
}

/**
 * Reads what `writeSnapshot` wrote, however it was cut into pieces.
 * @throws {RaftkitError} `KV_INVALID_SNAPSHOT`
 */
export async function readSnapshot(source: AsyncIterable<Uint8Array>): Promise<SortedItems> {
  const items = createSortedItems();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let left: number | undefined;
  let last = "";

  /**
   * Reads one header or record from the front. @returns how many bytes it took, or (negative) how
   * many it needs
   */
  function readOne(bytes: Uint8Array, offset: number): number {
    const available = bytes.length - offset;
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, available);
    if (left === undefined) {
      if (available < HEADER_BYTES) return -HEADER_BYTES;
      if (view.getUint32(0, true) !== MAGIC) refuse("it doesn't start with the mark of version 1");
      left = getUint64(view, 4);
      return HEADER_BYTES;
    }
    if (left === 0) return refuse("bytes follow its last record");
    if (available < RECORD_HEADER_BYTES) return -RECORD_HEADER_BYTES;
    const keyBytes = view.getUint16(0, true);
    const valueBytes = view.getUint32(4, true);
    const index = getUint64(view, 8);
    if (
      keyBytes === 0 ||
      keyBytes > KEY_BYTES_MAX ||
      view.getUint16(2, true) !== 0 ||
      valueBytes > VALUE_BYTES_MAX ||
      index === 0
    ) {
      refuse(
        `the record after ${JSON.stringify(fromOrdered(last))} has impossible lengths or index`,
      );
    }
    const size = RECORD_HEADER_BYTES + keyBytes + valueBytes;
    if (available < size) return -size;
    const keyStart = offset + RECORD_HEADER_BYTES;
    const ordered = readKey(bytes.subarray(keyStart, keyStart + keyBytes));
    if (ordered <= last) {
      refuse(`its keys are not in order at ${JSON.stringify(fromOrdered(ordered))}`);
    }
    last = ordered;
    items.set(ordered, new Uint8Array(bytes.subarray(keyStart + keyBytes, offset + size)), index);
    left--;
    return size;
  }

  function readKey(bytes: Uint8Array): string {
    try {
      return toOrdered(decoder.decode(bytes));
    } catch (cause) {
      return refuse(`the key after ${JSON.stringify(fromOrdered(last))} is not UTF-8`, cause);
    }
  }

  let pieces: Uint8Array[] = [];
  let gathered = 0;
  let needed = HEADER_BYTES;
  for await (const piece of source) {
    gathered += piece.length;
    if (gathered < needed) {
      pieces.push(new Uint8Array(piece));
      continue;
    } // a copy: the source may use its bytes again
    const bytes = joined([...pieces, piece], gathered);
    let offset = 0;
    needed = 0;
    while (needed === 0 && offset < bytes.length) {
      const took = readOne(bytes, offset);
      if (took < 0) needed = -took;
      else offset += took;
    }
    pieces = [new Uint8Array(bytes.subarray(offset))];
    gathered = bytes.length - offset;
  }
  if (left !== 0 || gathered > 0) refuse("it ends too early");
  return items;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 0x100000000, true);
  view.setUint32(offset + 4, Math.floor(value / 0x100000000), true);
}

function getUint64(view: DataView, offset: number): number {
  const value = view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x100000000;
  return Number.isSafeInteger(value) ? value : refuse("a number in it is beyond 2^53");
}

function refuse(what: string, cause?: unknown): never {
  throw new RaftkitError(
    "KV_INVALID_SNAPSHOT",
    `this is no snapshot of a key-value state: ${what}; take it from another node`,
    { cause },
  );
}
