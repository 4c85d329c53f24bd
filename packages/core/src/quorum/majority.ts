// Majorities. Pure arithmetic; nothing here knows a node.

/** How many of `n` are a majority. */
export function majority(n: number): number {
  return Math.floor(n / 2) + 1;
}

/**
 * The largest value that a majority has reached: of [3, 9, 5] it is 5. Empty: -Infinity (nobody can
 * agree).
 */
export function reachedByMajority(values: readonly number[]): number {
  // Asked at every turn of a leader, of a few values: to count takes less than to sort, and makes
  // nothing.
  const needed = majority(values.length);
  let highest = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? -Infinity;
    if (value <= highest) continue;
    let reached = 0;
    for (let j = 0; j < values.length; j++) if ((values[j] ?? -Infinity) >= value) reached++;
    if (reached >= needed) highest = value;
  }
  return highest;
}
