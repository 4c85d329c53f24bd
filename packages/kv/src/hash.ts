// A fingerprint of the state, to compare replicas: 32 bits, the sum of one hash for each item, so
// that a write hashes only its own item and none is read again. Not a defence against forgery.
// JavaScript engines store 32 bits without allocating an object.
import type { Index } from "@raftkit/core";

/**
 * MurmurHash3 of one value, `length` bytes from `start` on, with its key and the index of its last
 * write: a signed 32-bit number. The value comes first, so that one that grows is hashed on.
 * @param words the hash of its whole words, where it is known
 */
export function hashItem(
  ordered: string,
  view: DataView,
  start: number,
  length: number,
  index: Index,
  words: number = hashWords(0, view, start, start + wordBytes(length)),
): number {
  let hash = words;
  for (let i = start + wordBytes(length); i < start + length; i++) {
    hash = withWord(hash, view.getUint8(i));
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
export function hashWords(before: number, view: DataView, from: number, to: number): number {
  let hash = before;
  for (let i = from; i < to; i += 4) hash = withWord(hash, view.getInt32(i, true));
  return hash;
}

/** Copies a value, word by word: for a small one a call of the platform's costs more. @returns the hash of its words */
export function copyWords(
  from: DataView,
  start: number,
  length: number,
  to: DataView,
  at: number,
): number {
  const words = wordBytes(length);
  let hash = 0;
  for (let i = 0; i < words; i += 4) {
    const word = from.getInt32(start + i, true);
    to.setInt32(at + i, word, true);
    hash = withWord(hash, word);
  }
  for (let i = words; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
  return hash;
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
