// Collects bytes that arrive in parts. Holds at most twice what has arrived, whatever length was
// announced.

export interface GrowingBytes {
  /** How many have arrived. */
  readonly length: number;
  /** How many are held for them. */
  readonly capacity: number;
  /** Copies `data` to the end; it must fit below the limit. */
  append(data: Uint8Array): void;
  /** What has arrived. Shares no memory with anything else once nothing more is appended. */
  view(): Uint8Array;
}

/** @param limit how many come at most; when all have come, exactly so many are held */
export function createGrowingBytes(limit: number): GrowingBytes {
  let held = new Uint8Array(0);
  let length = 0;
  return {
    get length() {
      return length;
    },
    get capacity() {
      return held.length;
    },
    append(data) {
      const needed = length + data.length;
      if (needed > held.length) {
        const larger = new Uint8Array(Math.min(limit, Math.max(needed, held.length * 2)));
        larger.set(held.subarray(0, length));
        held = larger;
      }
      held.set(data, length);
      length = needed;
    },
    view: () => held.subarray(0, length),
  };
}
