// Copies values out of a batch or a snapshot, small ones into shared buffers: a buffer for each of a
// million values would cost more memory than the values, and one value mustn't keep all of what it
// came with alive.

const SHARED_BYTES = 8 * 1024;
/** Larger values have bytes of their own. */
export const SHARED_VALUE_BYTES_MAX: number = SHARED_BYTES / 2;
/** Where so much is left, it is copied together with what stands between the values. */
const COPIED_BYTES_MIN = 2 * 1024;

export class ValueKeeper {
  /** Where the last one is. */
  kept: Uint8Array = new Uint8Array(0);
  start = 0;
  #source: Uint8Array = this.kept;
  /** `kept` is a copy of the source from there on; else NaN. */
  #keptFrom = NaN;
  /** For single values. */
  #pool: Uint8Array = this.kept;
  #next = 0;

  /** What values are in from now on. The source before may be the same bytes, used again. */
  begin(source: Uint8Array): void {
    this.#source = source;
    this.#keptFrom = NaN;
  }

  keep(from: number, length: number): void {
    this.start = from - this.#keptFrom;
    if (this.start + length <= this.kept.length) return;
    const isShared = length <= SHARED_VALUE_BYTES_MAX;
    if (isShared && this.#source.length - from < COPIED_BYTES_MIN) {
      this.#intoPool(this.#source, from, from + length);
      return;
    }
    // A copy: the slice of a Buffer would be none.
    this.kept = new Uint8Array(
      this.#source.subarray(from, from + (isShared ? SHARED_BYTES : length)),
    );
    this.start = 0;
    this.#keptFrom = isShared ? from : NaN;
  }

  /** Another value than one of the source. */
  keepMade(value: Uint8Array): void {
    if (value.length <= SHARED_VALUE_BYTES_MAX) {
      this.#intoPool(value, 0, value.length);
      return;
    }
    this.kept = new Uint8Array(value);
    this.start = 0;
    this.#keptFrom = NaN;
  }

  #intoPool(bytes: Uint8Array, from: number, to: number): void {
    if (this.#next + to - from > this.#pool.length) {
      this.#pool = new Uint8Array(SHARED_BYTES);
      this.#next = 0;
    }
    this.kept = this.#pool;
    this.start = this.#next;
    this.#keptFrom = NaN;
    // Small values: a loop costs less than a view and a call.
    for (let at = from; at < to; at++) this.#pool[this.#next++] = bytes[at] ?? 0;
  }
}
