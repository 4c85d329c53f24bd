// Every random choice of a simulation comes from one seed. Streams are forked by name, so that a
// new consumer doesn't shift the others'. It must never use the machine's own randomness.
import type { Random } from "@raftkit/core";

/** A repeatable stream of numbers. */
export interface SeededRandom {
  /** Uniform in [0, 1). */
  readonly next: Random;
  /** Uniform in [min, max). */
  between(min: number, max: number): number;
  /** A whole number from 0 to `count - 1`. */
  integer(count: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the items, each as likely. Throws a `RangeError` for an empty list. */
  pick<T>(items: readonly T[]): T;
  /**
   * Another stream: it depends on this one's seed and the name alone, not on what was drawn before.
   */
  fork(name: string): SeededRandom;
}

/** A stream from a seed (any safe integer): Chris Doty-Humphrey's sfc32. */
export function createRandom(seed: number): SeededRandom {
  return streamOf(`seed:${seed}`);
}

/**
 * FNV-1a over UTF-16 units, then mixed: names that differ in one character must not give related
 * streams.
 */
function hash32(text: string, salt: number): number {
  let h = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

function streamOf(path: string): SeededRandom {
  let a = hash32(path, 1);
  let b = hash32(path, 2);
  let c = hash32(path, 3);
  let counter = 1;
  function next(): number {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 0x100000000;
  }
  for (let i = 0; i < 12; i++) next();
  return {
    next,
    between: (min, max) => min + next() * (max - min),
    integer: (count) => Math.floor(next() * count),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError("can't pick from an empty list");
      return item;
    },
    fork: (name) => streamOf(`${path}/${name}`),
  };
}
