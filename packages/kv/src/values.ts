// Copies values out of a batch, small ones into shared buffers: a buffer for each of a million
// values would cost more memory than the values, and one value mustn't keep its whole batch alive.

const SHARED_BYTES = 8 * 1024;
/** Larger ones have bytes of their own. */
export const SHARED_VALUE_BYTES_MAX: number = SHARED_BYTES / 2;

export class ValueKeeper {
  /** Where the last one is. */
  kept: Uint8Array = new Uint8Array(0);
  start = 0;
  #next = 0;
  #shared = new Uint8Array(0);

  keep(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > SHARED_VALUE_BYTES_MAX) {
      this.kept = new Uint8Array(bytes.subarray(start, end));
      this.start = 0;
      return;
    }
    if (this.#next + length > this.#shared.length) {
      this.#shared = new Uint8Array(SHARED_BYTES);
      this.#next = 0;
    }
    this.kept = this.#shared;
    this.start = this.#next;
    this.#next += length;
    // Small values: a loop costs less than a view and a call.
    for (let from = start, to = this.start; from < end; from++, to++) {
      this.#shared[to] = bytes[from] ?? 0;
    }
  }
}
