// The trace of a fast run: a hash over numbers, and lines only when somebody wants to read them.
// The hash is the same with and without lines, and on every machine: whole numbers only.

export interface NumberTrace {
  readonly isFull: boolean;
  /** Adds what happened to the hash. */
  mix(what: number, who: number, a: number, b: number): void;
  /**
   * Kept only where `isFull`: who asks that first spares the run what the text costs. No function
   * that makes it later: where one might be made, all that it would look at is put aside at every
   * call, and that costs more than the hash.
   */
  line(at: number, text: string): void;
  hash(): string;
  readonly lines: readonly string[];
}

export function createNumberTrace(isFull: boolean): NumberTrace {
  let high = 0x1b873593;
  let low = 0x811c9dc5;
  const lines: string[] = [];
  return {
    isFull,
    lines,
    mix(what, who, a, b) {
      low = Math.imul(low ^ (what + (who << 8)), 0x01000193);
      low = Math.imul(low ^ a, 0x85ebca6b) ^ (low >>> 13);
      low = Math.imul(low ^ b, 0xc2b2ae35);
      high = (Math.imul(high, 0x5bd1e995) + low) ^ (high >>> 15);
    },
    line(at, text) {
      if (isFull) lines.push(`${String(at).padStart(6)} ${text}`);
    },
    hash: () =>
      (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0"),
  };
}
