// How the loader and a server under load talk: a cheap edge, so that what is measured is the
// runtime. Pipelined records; whatever is sent in one event-loop turn leaves in one write.
//
//   request = id u32 | key u32 | length u32 | value[length]   length 0: a read of the key
//   reply   = id u32 | status u32                             integers little-endian
import type { Socket } from "node:net";

export const STATUS_OK = 0;
/** The write wasn't acknowledged; or the read wasn't answered, or found nothing. */
export const STATUS_FAILED = 1;

const REQUEST_BYTES = 12;
const REPLY_BYTES = 8;

/** Gathers records and writes them once at the end of the turn. */
class Batch {
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

/** @returns sends a request; without a value it is a read */
export function createRequests(
  socket: Socket,
): (id: number, key: number, value?: Uint8Array) => void {
  const batch = new Batch(socket);
  return (id, key, value) => {
    const length = value?.length ?? 0;
    const { slab, at } = batch.take(REQUEST_BYTES + length);
    slab.writeUInt32LE(id, at);
    slab.writeUInt32LE(key, at + 4);
    slab.writeUInt32LE(length, at + 8);
    if (value) slab.set(value, at + REQUEST_BYTES);
  };
}

/** @param receive `value` is the socket's own buffer, and empty for a read */
export function onRequests(
  socket: Socket,
  receive: (id: number, key: number, value: Uint8Array) => void,
): void {
  cut(socket, (bytes, at) => {
    if (bytes.length - at < REQUEST_BYTES) return -1;
    const start = at + REQUEST_BYTES;
    const end = start + bytes.readUInt32LE(at + 8);
    if (end > bytes.length) return -1;
    receive(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.subarray(start, end));
    return end;
  });
}

export function createReplies(socket: Socket): (id: number, status: number) => void {
  const batch = new Batch(socket);
  return (id, status) => {
    const { slab, at } = batch.take(REPLY_BYTES);
    slab.writeUInt32LE(id, at);
    slab.writeUInt32LE(status, at + 4);
  };
}

export function onReplies(socket: Socket, receive: (id: number, status: number) => void): void {
  cut(socket, (bytes, at) => {
    if (bytes.length - at < REPLY_BYTES) return -1;
    receive(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
    return at + REPLY_BYTES;
  });
}

/** @param take takes one record; returns where it ends, or -1: it isn't whole yet */
function cut(socket: Socket, take: (bytes: Buffer, at: number) => number): void {
  let pieces: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => {
    const bytes = pieces.length === 0 ? chunk : Buffer.concat([...pieces, chunk]);
    let at = 0;
    for (let end = take(bytes, at); end >= 0; end = take(bytes, at)) at = end;
    pieces = at < bytes.length ? [bytes.subarray(at)] : [];
  });
}
