// What waits for one peer: frames in order, bounded in bytes, taken out as bodies of requests.
// Copies each byte once.
import { MAX_BODY_BYTES, PIECE_HEAD_BYTES, writePieceHead } from "./pieces.js";

/** Charged for each waiting frame besides its bytes, so that empty frames are bounded too. */
const FRAME_OVERHEAD_BYTES = 64;

export interface FrameQueue {
  /** @returns false when the frame doesn't fit; nothing changed then. */
  push(parts: readonly Uint8Array[], bytes: number): boolean;
  /**
   * The next body, of at most `MAX_BODY_BYTES`: as much as fits of what waits. Undefined when
   * nothing does.
   */
  takeBody(): Uint8Array<ArrayBuffer> | undefined;
  clear(): void;
}

interface Waiting {
  readonly number: number;
  parts: readonly Uint8Array[];
  readonly bytes: number;
  sent: number;
  /** Where the next byte is: the part, and the position in it. */
  part: number;
  position: number;
}

export function createFrameQueue(maxBytes: number): FrameQueue {
  let frames: Waiting[] = [];
  let first = 0;
  let queuedBytes = 0;
  let nextNumber = 0;

  function clear(): void {
    frames = [];
    first = 0;
    queuedBytes = 0;
  }

  /** How long the next body will be, so that it is allocated once. */
  function bodyBytes(): number {
    let total = 0;
    for (let i = first; i < frames.length && total < MAX_BODY_BYTES; i++) {
      const frame = frames[i];
      if (frame === undefined) break;
      const room = MAX_BODY_BYTES - total - PIECE_HEAD_BYTES;
      const left = frame.bytes - frame.sent;
      if (room < Math.min(left, 1)) break;
      total += PIECE_HEAD_BYTES + Math.min(room, left);
    }
    return total;
  }

  return {
    push(parts, bytes) {
      if (queuedBytes + bytes > maxBytes) return false;
      queuedBytes += bytes + FRAME_OVERHEAD_BYTES;
      frames.push({ number: nextNumber, parts, bytes, sent: 0, part: 0, position: 0 });
      nextNumber = (nextNumber + 1) >>> 0;
      return true;
    },
    takeBody() {
      const body = new Uint8Array(bodyBytes());
      const view = new DataView(body.buffer);
      for (let at = 0; at < body.length;) {
        const frame = frames[first];
        if (frame === undefined) break;
        const length = Math.min(frame.bytes - frame.sent, body.length - at - PIECE_HEAD_BYTES);
        writePieceHead(view, at, frame.number, frame.bytes, frame.sent, length);
        copyNext(frame, body, at + PIECE_HEAD_BYTES, length);
        at += PIECE_HEAD_BYTES + length;
        if (frame.sent < frame.bytes) break;
        frame.parts = [];
        first += 1;
        queuedBytes -= frame.bytes + FRAME_OVERHEAD_BYTES;
      }
      if (first === frames.length) clear();
      else if (first > frames.length / 2) {
        frames = frames.slice(first);
        first = 0;
      }
      return body.length === 0 ? undefined : body;
    },
    clear,
  };
}

function copyNext(frame: Waiting, target: Uint8Array, at: number, length: number): void {
  for (let copied = 0; copied < length;) {
    const part = frame.parts[frame.part];
    if (part === undefined) break;
    const bytes = Math.min(part.length - frame.position, length - copied);
    target.set(part.subarray(frame.position, frame.position + bytes), at + copied);
    copied += bytes;
    frame.position += bytes;
    if (frame.position === part.length) {
      frame.part += 1;
      frame.position = 0;
    }
  }
  frame.sent += length;
}
