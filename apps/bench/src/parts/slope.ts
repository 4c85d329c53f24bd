// Slopes by least squares.

export type Pair = readonly [x: number, y: number];

/** y = base + slope · x */
export function slopeOf(pairs: readonly Pair[]): { readonly base: number; readonly slope: number } {
  const mean = (of: (pair: Pair) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const slope =
    mean(([x, y]) => (x - meanX) * (y - meanY)) / mean(([x]) => (x - meanX) * (x - meanX));
  return { base: meanY - slope * meanX, slope };
}

/** The power of x with which y grows: 0 if it is flat, 1 if it is proportional. All above 0. */
export function exponentOf(pairs: readonly Pair[]): number {
  return slopeOf(pairs.map(([x, y]): Pair => [Math.log(x), Math.log(y)])).slope;
}
