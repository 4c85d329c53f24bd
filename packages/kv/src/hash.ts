// A fingerprint of the state, to compare replicas: 64 bits, the sum of one for each item, so that
// a write costs its own item's and none is read again. Not for defence against forgers.
import type { Index } from "@raftkit/core";

/** 64 bits in two lanes of 32. */
export interface ItemHash {
  readonly a: number;
  readonly b: number;
}

/** Of one key with its value and the index of its last write. */
export function hashItem(ordered: string, value: Uint8Array, index: Index): ItemHash {
  let a = ordered.length ^ index;
  let b = value.length ^ Math.floor(index / 0x100000000);
  for (let i = 0; i < ordered.length; i++) {
    a = laneA(a, ordered.charCodeAt(i));
    b = laneB(b, ordered.charCodeAt(i));
  }
  const whole = value.length & ~3;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  for (let i = 0; i < whole; i += 4) {
    const word = view.getInt32(i, true);
    a = laneA(a, word);
    b = laneB(b, word);
  }
  for (let i = whole; i < value.length; i++) {
    a = laneA(a, value[i] ?? 0);
    b = laneB(b, value[i] ?? 0);
  }
  return { a: mixed(a ^ value.length), b: mixed(b ^ a) };
}

/** The fingerprint of all items: their sums, and how many they are. */
export function combined(a: number, b: number, count: number): string {
  return hex(mixed(a ^ count)) + hex(mixed(b ^ a));
}

/** One word of MurmurHash3. */
function laneA(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const next = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

function laneB(hash: number, word: number): number {
  return Math.imul((hash << 5) ^ (hash >>> 27) ^ word, 0x9e3779b1);
}

/** Spreads every bit over the whole word (the finalizer of MurmurHash3). */
function mixed(word: number): number {
  let mixing = word;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
