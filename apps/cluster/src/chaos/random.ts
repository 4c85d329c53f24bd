// Every choice of a run that is planned comes from its seed, so that a seed names a schedule
// (mulberry32 by Tommy Ettinger). It must never read the machine's own randomness.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [min, max). */
  between(min: number, max: number): number;
  /** A whole number from 0 to `count - 1`. */
  integer(count: number): number;
  chance(probability: number): boolean;
  /** @throws {RangeError} for an empty list */
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
}

export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const integer = (count: number): number => Math.floor(next() * count);
  return {
    next,
    integer,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[integer(items.length)];
      if (item === undefined) throw new RangeError("can't pick from an empty list");
      return item;
    },
    shuffle(items) {
      const left = [...items];
      return items.flatMap(() => left.splice(integer(left.length), 1));
    },
  };
}
