// How the loader and a server under load talk: a cheap edge, so that what is measured is the
// runtime. Fixed-size records, pipelined; whatever is sent in one event-loop turn leaves in one
// write.
//
//   request  = id u32 | length u32 | value[length]       reply = id u32 | status u32     integers little-endian
import type { Socket } from "node:net";

export const STATUS_OK = 0;
export const STATUS_FAILED = 1;

const HEADER_BYTES = 8;

/** Gathers records and writes them once at the end of the turn. */
export function createSender(
  socket: Socket,
): (first: number, second: number, data?: Uint8Array) => void {
  let slab = Buffer.allocUnsafe(64 * 1024);
  let used = 0;
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    socket.write(Buffer.from(slab.subarray(0, used)));
    used = 0;
  };
  return (first, second, data) => {
    const needed = HEADER_BYTES + (data?.length ?? 0);
    if (used + needed > slab.length) {
      slab = Buffer.concat([slab, Buffer.allocUnsafe(slab.length + needed)]);
    }
    slab.writeUInt32LE(first, used);
    slab.writeUInt32LE(second, used + 4);
    if (data) slab.set(data, used + HEADER_BYTES);
    used += needed;
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
}

/**
 * Cuts the stream into records; `hasData`: the second number is the length of the bytes that
 * follow.
 */
export function onRecords(
  socket: Socket,
  hasData: boolean,
  receive: (first: number, second: number, data: Uint8Array) => void,
): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const second = bytes.readUInt32LE(at + 4);
      const end = at + HEADER_BYTES + (hasData ? second : 0);
      if (end > bytes.length) break;
      receive(bytes.readUInt32LE(at), second, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });
}
