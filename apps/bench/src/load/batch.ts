// Records in and out of a socket: whatever is sent in one event-loop turn leaves in one write, and
// what arrives is cut into records wherever the network cut it.
import type { Socket } from "node:net";

/** Gathers records and writes them once at the end of the turn. */
export class Batch {
  readonly #socket: Socket;
  #slab: Buffer = Buffer.allocUnsafe(64 * 1024);
  #used = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Room for so many bytes more. */
  take(bytes: number): { readonly slab: Buffer; readonly at: number } {
    if (this.#used === 0) setImmediate(() => this.#flush());
    const at = this.#used;
    this.#used += bytes;
    if (this.#used > this.#slab.length) {
      this.#slab = Buffer.concat([this.#slab, Buffer.allocUnsafe(this.#used)]);
    }
    return { slab: this.#slab, at };
  }

  #flush(): void {
    const bytes = Buffer.from(this.#slab.subarray(0, this.#used));
    this.#used = 0;
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }
}

/** @param take takes one record; returns where it ends, or -1: it isn't whole yet */
export function cut(socket: Socket, take: (bytes: Buffer, at: number) => number): void {
  let pieces: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => {
    const bytes = pieces.length === 0 ? chunk : Buffer.concat([...pieces, chunk]);
    let at = 0;
    for (let end = take(bytes, at); end >= 0; end = take(bytes, at)) at = end;
    pieces = at < bytes.length ? [bytes.subarray(at)] : [];
  });
}
