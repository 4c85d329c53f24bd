// From moments at which something changed to spans of time in which it stayed. Pure.

export interface Span<T> {
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: T;
}

/**
 * Each change holds until the next one, the last until the end; times before 0 count as 0, empty
 * spans are left out.
 */
export function spansOf<T extends { readonly atMs: number }>(
  changes: readonly T[],
  endMs: number,
): Span<T>[] {
  const sorted = changes.toSorted((a, b) => a.atMs - b.atMs);
  return sorted.flatMap((value, i) => {
    const fromMs = Math.max(0, value.atMs);
    const toMs = Math.min(endMs, sorted[i + 1]?.atMs ?? endMs);
    return toMs > fromMs ? [{ fromMs, toMs, value }] : [];
  });
}
