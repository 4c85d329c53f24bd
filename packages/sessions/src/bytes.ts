// Little-endian numbers and bytes, written into chunks and read from pieces of any size.

const CHUNK_BYTES = 64 * 1024;

export class ByteWriter {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Enough for a chunk. */
  get isFull(): boolean {
    return this.#length >= CHUNK_BYTES;
  }

  uint32(value: number): void {
    this.#number(4, (view) => view.setUint32(0, value, true));
  }

  /** Up to 2^53. */
  uint64(value: number): void {
    this.#number(8, (view) => {
      view.setUint32(0, value % 2 ** 32, true);
      view.setUint32(4, Math.floor(value / 2 ** 32), true);
    });
  }

  float64(value: number): void {
    this.#number(8, (view) => view.setFloat64(0, value, true));
  }

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  #number(bytes: number, set: (view: DataView) => void): void {
    const view = new DataView(new ArrayBuffer(bytes));
    set(view);
    this.bytes(new Uint8Array(view.buffer));
  }

  /** What was written since the last time, as a copy. */
  take(): Uint8Array {
    const all = joined(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    return all;
  }
}

export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #endsTooEarly: () => never;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;

  /** @param endsTooEarly throws what is to be said of a source without the bytes that are read */
  constructor(source: AsyncIterable<Uint8Array>, endsTooEarly: () => never) {
    this.#pieces = source[Symbol.asyncIterator]();
    this.#endsTooEarly = endsTooEarly;
  }

  async uint32(): Promise<number> {
    return viewOf(await this.bytes(4)).getUint32(0, true);
  }

  /** Beyond 2^53 it isn't exact. */
  async uint64(): Promise<number> {
    const view = viewOf(await this.bytes(8));
    return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  }

  async float64(): Promise<number> {
    return viewOf(await this.bytes(8)).getFloat64(0, true);
  }

  /** The caller's own. */
  async bytes(count: number): Promise<Uint8Array> {
    if (this.#bytes.length - this.#at < count) await this.#gather(count);
    this.#at += count;
    return this.#bytes.slice(this.#at - count, this.#at);
  }

  async #gather(count: number): Promise<void> {
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
    this.#at = 0;
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
    this.#bytes = new Uint8Array(0);
    this.#at = 0;
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
