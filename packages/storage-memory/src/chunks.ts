// Bytes that came in pieces of any size, read from any offset.

export class Chunks {
  readonly #chunks: Uint8Array[] = [];
  /** Where each chunk begins. */
  readonly #offsets: number[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy. */
  add(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#offsets.push(this.#bytes);
    this.#chunks.push(data.slice());
    this.#bytes += data.length;
  }

  /** @returns a copy of the bytes from `from` to `to`, both within the whole */
  read(from: number, to: number): Uint8Array {
    const result = new Uint8Array(to - from);
    let i = this.#chunkAt(from);
    for (let at = from; at < to; i++) {
      const [chunk, offset] = [this.#chunks[i], this.#offsets[i]];
      if (chunk === undefined || offset === undefined) break;
      const part = chunk.subarray(at - offset, to - offset);
      result.set(part, at - from);
      at += part.length;
    }
    return result;
  }

  /** The last chunk that begins at or before an offset. */
  #chunkAt(offset: number): number {
    let [low, high] = [0, this.#offsets.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#offsets[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
