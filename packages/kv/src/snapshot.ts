// The state as bytes: the same items and index give the same bytes, whatever their history. Integers
// are little-endian.
//
//   snapshot = "rkv" | version u8 (2) | count u64 | index u64 | record*   records in the order of their keys' bytes
//   record   = keyBytes u16 | 0 u16 | valueBytes u32 | index u64 | key | value
//
// It reads no state of its own: it is handed captured items, and hands back new ones only when all
// of them are good.
import { RaftkitError } from "@raftkit/core";
import type { Index } from "@raftkit/core";
import { getUint64 as getAnyUint64, setUint64 } from "./integers.js";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.js";
import { asciiOf, fromOrdered, toOrdered } from "./order.js";
import { createSortedItems } from "./sorted.js";
import type { Capture, Item, SortedItems } from "./sorted.js";
import { copyOf, SHARED_VALUE_BYTES_MAX, viewOf } from "./values.js";

const MAGIC = 0x02766b72;
const HEADER_BYTES = 20;
const RECORD_HEADER_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
/** What one UTF-16 unit of a key takes in UTF-8 at most. */
const UNIT_BYTES_MAX = 3;

const encoder = new TextEncoder();

/** What a snapshot holds. */
export interface State {
  readonly items: SortedItems;
  /** Of the last command that was applied; 0: none. */
  readonly index: Index;
}

/**
 * The snapshot in chunks of 64 KiB, the last one shorter. Each chunk is the reader's to keep. Like an
 * async generator, but it releases the capture once it has ended, even if it never began.
 */
export function readCapture(capture: Capture, index: Index): AsyncIterableIterator<Uint8Array> {
  let chunks: Generator<Uint8Array> | undefined = writeSnapshot(capture, index);
  const end = (): IteratorResult<Uint8Array> => {
    chunks = undefined;
    capture.release();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const chunk = chunks?.next();
      return chunk?.done === false ? chunk : end();
    },
    async return() {
      return end();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function* writeSnapshot(capture: Capture, index: Index): Generator<Uint8Array> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let view = new DataView(chunk.buffer);
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
      view = new DataView(chunk.buffer);
      at = 0;
    }
  }

  const head = new Uint8Array(RECORD_HEADER_BYTES + KEY_BYTES_MAX);
  const headView = new DataView(head.buffer);
  headView.setUint32(0, MAGIC, true);
  setUint64(headView, 4, capture.size);
  setUint64(headView, 12, index);
  yield* append(head.subarray(0, HEADER_BYTES));
  for (const { items } of capture.blocks) {
    for (const item of items) {
      const { ordered, length } = item;
      const most = RECORD_HEADER_BYTES + ordered.length * UNIT_BYTES_MAX + length;
      if (at + most < CHUNK_BYTES) {
        at += writeHead(item, chunk, view, at);
        chunk.set(item.value, at);
        at += length;
        continue;
      }
      yield* append(head.subarray(0, writeHead(item, head, headView, 0)));
      yield* append(item.value);
    }
  }
  if (at > 0) yield chunk.subarray(0, at);
}

/** Writes all of a record but its value. @param view of the same bytes @returns how many it wrote */
function writeHead(
  { ordered, length, index }: Item,
  into: Uint8Array,
  view: DataView,
  at: number,
): number {
  const keyBytes = writeKey(ordered, into, at + RECORD_HEADER_BYTES);
  view.setUint32(at, keyBytes, true);
  view.setUint32(at + 4, length, true);
  setUint64(view, at + 8, index);
  return RECORD_HEADER_BYTES + keyBytes;
}

/** @returns how many bytes it took */
function writeKey(ordered: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < ordered.length; i++) {
    const unit = ordered.charCodeAt(i);
    if (unit > 0x7f) return encoder.encodeInto(fromOrdered(ordered), into.subarray(at)).written;
    into[at + i] = unit;
  }
  return ordered.length;
}

/**
 * Reads what `writeSnapshot` wrote, however it was cut into pieces.
 * @throws {RaftkitError} `KV_INVALID_SNAPSHOT`
 */
export async function readSnapshot(source: AsyncIterable<Uint8Array>): Promise<State> {
  const reader = createReader();
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
    const { taken, missing } = reader.take(bytes);
    needed = missing;
    pieces = [new Uint8Array(bytes.subarray(taken))];
    gathered = bytes.length - taken;
  }
  return reader.end(gathered);
}

interface Reader {
  /** @returns how many bytes it took from the front, and how many it needs behind them */
  take(bytes: Uint8Array): { readonly taken: number; readonly missing: number };
  /** @param left bytes that were not taken */
  end(left: number): State;
}

function createReader(): Reader {
  const items = createSortedItems();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Records to come; undefined before the header. */
  let left: number | undefined;
  let lastIndex: Index = 0;
  let last = "";

  /** @returns how many bytes it took, or (negative) how many it needs */
  function takeOne(bytes: Uint8Array, view: DataView, offset: number): number {
    const available = bytes.length - offset;
    if (left === undefined) {
      if (available < HEADER_BYTES) return -HEADER_BYTES;
      if (view.getUint32(offset, true) !== MAGIC) {
        refuse("it doesn't start with the mark of version 2");
      }
      left = getUint64(view, offset + 4);
      lastIndex = getUint64(view, offset + 12);
      return HEADER_BYTES;
    }
    if (left === 0) return refuse("bytes follow its last record");
    if (available < RECORD_HEADER_BYTES) return -RECORD_HEADER_BYTES;
    const keyBytes = view.getUint16(offset, true);
    const valueBytes = view.getUint32(offset + 4, true);
    const index = getUint64(view, offset + 8);
    if (
      keyBytes === 0 ||
      keyBytes > KEY_BYTES_MAX ||
      view.getUint16(offset + 2, true) !== 0 ||
      valueBytes > VALUE_BYTES_MAX ||
      index === 0 ||
      index > lastIndex
    ) {
      refuse(
        `the record after ${JSON.stringify(fromOrdered(last))} has impossible lengths or index`,
      );
    }
    const size = RECORD_HEADER_BYTES + keyBytes + valueBytes;
    if (available < size) return -size;
    const keyStart = offset + RECORD_HEADER_BYTES;
    const valueStart = keyStart + keyBytes;
    const ordered = readKey(bytes, keyStart, valueStart);
    if (ordered <= last) {
      refuse(`its keys are not in order at ${JSON.stringify(fromOrdered(ordered))}`);
    }
    last = ordered;
    if (valueBytes <= SHARED_VALUE_BYTES_MAX) {
      items.append(ordered, view, valueStart, valueBytes, index);
    } else {
      const value = copyOf(bytes.subarray(valueStart, valueStart + valueBytes));
      items.append(ordered, viewOf(value), 0, valueBytes, index);
    }
    left--;
    return size;
  }

  function readKey(bytes: Uint8Array, start: number, end: number): string {
    const ascii = asciiOf(bytes, start, end);
    if (ascii !== undefined) return ascii;
    try {
      return toOrdered(decoder.decode(bytes.subarray(start, end)));
    } catch (cause) {
      return refuse(`the key after ${JSON.stringify(fromOrdered(last))} is not UTF-8`, cause);
    }
  }

  return {
    take(bytes) {
      const view = viewOf(bytes);
      let taken = 0;
      while (taken < bytes.length) {
        const took = takeOne(bytes, view, taken);
        if (took < 0) return { taken, missing: -took };
        taken += took;
      }
      return { taken, missing: 0 };
    },
    end(bytes) {
      if (left !== 0 || bytes > 0) refuse("it ends too early");
      return { items, index: lastIndex };
    },
  };
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

function getUint64(view: DataView, offset: number): number {
  const value = getAnyUint64(view, offset);
  return Number.isSafeInteger(value) ? value : refuse("a number in it is beyond 2^53");
}

function refuse(what: string, cause?: unknown): never {
  throw new RaftkitError(
    "KV_INVALID_SNAPSHOT",
    `this is not a snapshot of a key-value state: ${what}; take it from another node`,
    { cause },
  );
}
