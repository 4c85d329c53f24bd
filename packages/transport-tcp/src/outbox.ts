// What waits to be written to one socket: gathered during a turn of the event loop, written in one
// go. Small parts are copied together, large ones go out as they are. It never holds more than its
// limit, and writes nothing while the socket asks to wait.
import type { Socket } from "node:net";
import { crc32 } from "node:zlib";
import { FRAME_HEADER_BYTES, writeU32 } from "./frame.js";

/**
 * Up to this size copying a part is cheaper than another entry in the list of a gathering write.
 */
const COPY_MAX_BYTES = 8192;
/** What a waiting frame costs beside its bytes. */
const FRAME_COST_BYTES = 64;

interface OutFrame {
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

export class Outbox {
  readonly #socket: Socket;
  readonly #maxQueueBytes: number;
  #frames: OutFrame[] = [];
  /** What `#frames` holds, with their cost. */
  #bytes = 0;
  #copied = 0;
  #scheduled = false;
  /** Called when a full outbox has room again. */
  readonly #drained: () => void;

  constructor(socket: Socket, maxQueueBytes: number, drained: () => void) {
    this.#socket = socket;
    this.#maxQueueBytes = maxQueueBytes;
    this.#drained = drained;
    socket.on("drain", () => {
      this.flush();
      this.#drained();
    });
  }

  /** Bytes that haven't reached the operating system. */
  get waiting(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** @returns false when there is no room: dropped */
  push(kind: number, parts: readonly Uint8Array[], length: number): boolean {
    const cost = length + FRAME_COST_BYTES;
    if (this.waiting + cost > this.#maxQueueBytes) return false;
    this.#frames.push({ kind, parts, length });
    this.#bytes += cost;
    this.#copied += FRAME_HEADER_BYTES + 1;
    for (const part of parts) if (part.length <= COPY_MAX_BYTES) this.#copied += part.length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      // A microtask: the frames of one turn are all sent from one callback, and what other
      // callbacks do must not hold them up.
      queueMicrotask(() => {
        this.#scheduled = false;
        if (!this.#socket.writableNeedDrain) this.flush();
      });
    }
    return true;
  }

  /** Hands everything to the socket. */
  flush(): void {
    if (this.#frames.length === 0 || !this.#socket.writable) return;
    const frames = this.#frames;
    const slab = Buffer.allocUnsafe(this.#copied);
    this.#frames = [];
    this.#bytes = 0;
    this.#copied = 0;
    // Nothing leaves before uncork: the checksums are written into the slab behind the parts that
    // they cover.
    this.#socket.cork();
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
          this.#socket.write(slab.subarray(written, at));
          this.#socket.write(part);
          summed = at;
          written = at;
        }
      }
      writeU32(slab, head + 4, crc32(slab.subarray(summed, at), crc));
    }
    if (at > written) this.#socket.write(slab.subarray(written, at));
    this.#socket.uncork();
  }
}
