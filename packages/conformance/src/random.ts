// Chance that can be repeated: a suite draws the same values on every machine. Not for secrets.
import type { Random } from "@raftkit/core";

export interface Chance {
  /** Uniform in [0, 1). */
  readonly next: Random;
  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  bytes(length: number): Uint8Array;
}

/** @param seed a whole number; the generator is Mulberry32 */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    bytes(length) {
      const words = new DataView(new ArrayBuffer(4 * Math.ceil(length / 4)));
      for (let at = 0; at < words.byteLength; at += 4) words.setUint32(at, next() * 2 ** 32, true);
      return new Uint8Array(words.buffer).slice(0, length); // in a buffer of its own, as large as it is
    },
  };
}
