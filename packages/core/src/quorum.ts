// Majorities. Pure arithmetic; nothing here knows a node.

/** How many of `n` are a majority. */
export function majority(n: number): number {
  return Math.floor(n / 2) + 1;
}

/** The largest value that a majority has reached: of [3, 9, 5] it is 5. Empty: -Infinity (nobody can agree). */
export function reachedByMajority(values: readonly number[]): number {
  const descending = values.toSorted((a, b) => b - a);
  return descending[majority(values.length) - 1] ?? -Infinity;
}
