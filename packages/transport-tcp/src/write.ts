// Writes frames to a socket at once: small parts are copied together, large ones are written as
// they are.
import type { Socket } from "node:net";
import { crc32 } from "node:zlib";
import { FRAME_HEADER_BYTES, writeU32 } from "./frame.js";

/**
 * Up to this size copying a part is cheaper than another entry in the list of a gathering write.
 */
const COPY_MAX_BYTES = 8192;

export interface OutFrame {
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  /** Of all parts together, in bytes. */
  readonly length: number;
}

export function writeFrames(socket: Socket, frames: readonly OutFrame[]): void {
  let copied = 0;
  for (const { parts } of frames) {
    copied += FRAME_HEADER_BYTES + 1;
    for (const part of parts) if (part.length <= COPY_MAX_BYTES) copied += part.length;
  }
  const slab = Buffer.allocUnsafe(copied);
  // Nothing leaves before uncork: the checksums are written into the slab behind the parts that
  // they cover.
  socket.cork();
  let written = 0;
  let at = 0;
  for (const { kind, parts, length } of frames) {
    const head = at;
    writeU32(slab, head, length + 1);
    slab[head + FRAME_HEADER_BYTES] = kind;
    let summed = head + FRAME_HEADER_BYTES;
    let crc = 0;
    at = summed + 1;
    for (const part of parts) {
      if (part.length <= COPY_MAX_BYTES) {
        slab.set(part, at);
        at += part.length;
      } else {
        crc = crc32(part, crc32(slab.subarray(summed, at), crc));
        socket.write(slab.subarray(written, at));
        socket.write(part);
        summed = at;
        written = at;
      }
    }
    writeU32(slab, head + 4, crc32(slab.subarray(summed, at), crc));
  }
  if (at > written) socket.write(slab.subarray(written, at));
  socket.uncork();
}
