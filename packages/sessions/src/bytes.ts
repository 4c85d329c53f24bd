// Little-endian numbers and bytes, written into chunks and read from pieces of any size.

const CHUNK_BYTES = 64 * 1024;

export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = viewOf(this.#bytes);
  #length = 0;

  /** Enough for a chunk. */
  get isFull(): boolean {
    return this.#length >= CHUNK_BYTES;
  }

  uint32(value: number): void {
    // First: growing replaces the view.
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  /** Up to 2^53. */
  uint64(value: number): void {
    const at = this.#grow(8);
    this.#view.setUint32(at, value % 2 ** 32, true);
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  float64(value: number): void {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value, true);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** @returns where there is room for so many */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    return at;
  }

  /** What was written since the last time, as a copy. */
  take(): Uint8Array {
    const all = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return all;
  }
}

/** First `need`, then read so many bytes. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #endsTooEarly: () => never;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  #at = 0;
  #ended = false;

  /** @param endsTooEarly throws what is to be said of a source without the bytes that are needed */
  constructor(source: AsyncIterable<Uint8Array>, endsTooEarly: () => never) {
    this.#pieces = source[Symbol.asyncIterator]();
    this.#endsTooEarly = endsTooEarly;
  }

  has(count: number): boolean {
    return this.#bytes.length - this.#at >= count;
  }

  async need(count: number): Promise<void> {
    if (this.has(count)) return;
    const parts = [this.#bytes.slice(this.#at)];
    let length = this.#bytes.length - this.#at;
    while (length < count) {
      const piece = await this.#next();
      if (!piece) return this.#endsTooEarly();
      // A copy: the source may use its bytes again.
      parts.push(piece.slice());
      length += piece.length;
    }
    this.#bytes = joined(parts, length);
    this.#view = viewOf(this.#bytes);
    this.#at = 0;
  }

  uint32(): number {
    return this.#view.getUint32(this.#pass(4), true);
  }

  /** Beyond 2^53 it isn't exact. */
  uint64(): number {
    const at = this.#pass(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  float64(): number {
    return this.#view.getFloat64(this.#pass(8), true);
  }

  /** The caller's own. */
  bytes(count: number): Uint8Array {
    const at = this.#pass(count);
    return this.#bytes.slice(at, at + count);
  }

  #pass(count: number): number {
    this.#at += count;
    return this.#at - count;
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    try {
      const { done, value } = await this.#pieces.next();
      if (done !== true) return value;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
    this.#ended = true;
    return undefined;
  }

  /** What is left, as it comes. */
  async *rest(): AsyncGenerator<Uint8Array> {
    const left = this.#bytes.slice(this.#at);
    this.#at = this.#bytes.length;
    if (left.length > 0) yield left;
    for (let piece = await this.#next(); piece; piece = await this.#next()) yield piece;
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#pieces.return?.();
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
