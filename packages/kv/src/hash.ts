// A fingerprint of the state, to compare replicas: 32 bits, the sum of one hash for each item, so
// that a write hashes only its own item and none is read again. Not a defence against forgery.
// JavaScript engines store 32 bits without allocating an object.
import type { Index } from "@raftkit/core";

/** From so many bytes on, reading words costs less, the view that it takes included. */
const VIEWED_BYTES_MIN = 512;

/**
 * MurmurHash3 of one value, `length` bytes from `start` on, with its key and the index of its last
 * write: a signed 32-bit number. The value comes first, so that one that grows is hashed on.
 * @param words the hash of its whole words, where it is known
 */
export function hashItem(
  ordered: string,
  bytes: Uint8Array,
  start: number,
  length: number,
  index: Index,
  words: number = hashWords(0, bytes, start, start + wordBytes(length)),
): number {
  let hash = words;
  for (let i = start + wordBytes(length); i < start + length; i++) {
    hash = withWord(hash, bytes[i] ?? 0);
  }
  hash = withWord(withWord(hash, index | 0), Math.floor(index / 0x100000000));
  for (let i = 0; i < ordered.length; i++) hash = withWord(hash, ordered.charCodeAt(i));
  return mixed(hash ^ ordered.length ^ (length << 16));
}

/** The fingerprint of all items: the sum of theirs, and how many they are. */
export function combined(sum: number, count: number): string {
  return (mixed(sum ^ mixed(count)) >>> 0).toString(16).padStart(8, "0");
}

/** How many bytes of a value are whole words. */
export function wordBytes(length: number): number {
  return length & ~3;
}

/** The hash of a value's words up to `to`. @param before of those up to `from`; 0: there are none */
export function hashWords(before: number, bytes: Uint8Array, from: number, to: number): number {
  return to - from < VIEWED_BYTES_MIN
    ? withWords(before, bytes, from, to)
    : withViewedWords(before, bytes, from, to);
}

function withWords(before: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = before;
  for (let i = from; i < to; i += 4) hash = withWord(hash, wordAt(bytes, i));
  return hash;
}

/** The same, word by word instead of byte by byte. */
function withViewedWords(before: number, bytes: Uint8Array, from: number, to: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let hash = before;
  for (let i = from; i < to; i += 4) hash = withWord(hash, view.getInt32(i, true));
  return hash;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

function withWord(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const next = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads every bit over the whole word (the finalizer of MurmurHash3). */
function mixed(word: number): number {
  let mixing = word;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}
