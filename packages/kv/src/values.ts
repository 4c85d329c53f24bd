// Memory for values. Small ones share pieces of it: bytes of its own for each of a million values would
// cost more than the values. A larger one has its own, so that it keeps nothing else alive.

const PIECE_BYTES = 8 * 1024;
/** Larger values have bytes of their own. */
export const SHARED_VALUE_BYTES_MAX: number = PIECE_BYTES / 2;

/** Gives out the places for small values, one behind the other. */
export class ValueMemory {
  #piece: DataView = viewOf(new Uint8Array(0));
  #end = 0;

  /** The piece in which the last place is. */
  get piece(): DataView {
    return this.#piece;
  }

  /** @returns where in `piece` so many bytes are free */
  take(length: number): number {
    if (this.#end + length > this.#piece.byteLength) {
      this.#piece = viewOf(new Uint8Array(PIECE_BYTES));
      this.#end = 0;
    }
    const start = this.#end;
    this.#end += length;
    return start;
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** In memory of its own: the slice of a Buffer would be none. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** To be kept: themselves, if they are at least 7/8 of what they keep in memory; else a copy. */
export function keptOf(bytes: Uint8Array): Uint8Array {
  return bytes.length * 8 >= bytes.buffer.byteLength * 7 ? bytes : copyOf(bytes);
}
