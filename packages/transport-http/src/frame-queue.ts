// The frames that wait for one peer, limited in bytes, taken out as bodies of requests. Small
// frames overtake large ones, so that a heartbeat never waits behind megabytes of data; within each
// of the two kinds frames keep their order. Copies each byte once.
import { MAX_BODY_BYTES, MAX_PIECE_BYTES, PIECE_HEAD_BYTES, writePieceHead } from "./pieces.js";

/** Charged for each waiting frame besides its bytes, so that empty frames are bounded too. */
const FRAME_OVERHEAD_BYTES = 64;

export interface FrameQueue {
  /** @returns false when the frame doesn't fit; nothing changed then. */
  push(parts: readonly Uint8Array[], bytes: number): boolean;
  /**
   * The next body, of at most `MAX_BODY_BYTES`: the small frames that wait, as many as fit, and
   * behind them a piece of the first large one. Each body takes that one on, so an endless stream
   * of small frames doesn't hold it up. Undefined when nothing waits.
   */
  takeBody(): Uint8Array<ArrayBuffer> | undefined;
  clear(): void;
}

interface Waiting {
  readonly number: number;
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  sent: number;
  /** Where the next byte is: the part, and the position in it. */
  part: number;
  position: number;
}

export function createFrameQueue(maxBytes: number): FrameQueue {
  let small: Waiting[] = [];
  let large: Waiting[] = [];
  let queuedBytes = 0;
  let nextNumber = 0;

  /** The small frames for a body that has so much room. */
  function takeSmall(room: number): Waiting[] {
    let count = 0;
    for (const { bytes } of small) {
      room -= PIECE_HEAD_BYTES + bytes;
      if (room < 0) break;
      count += 1;
    }
    return small.splice(0, count);
  }

  return {
    push(parts, bytes) {
      if (queuedBytes + bytes > maxBytes) return false;
      queuedBytes += bytes + FRAME_OVERHEAD_BYTES;
      const kind = bytes > MAX_PIECE_BYTES ? large : small;
      kind.push({ number: nextNumber, parts, bytes, sent: 0, part: 0, position: 0 });
      nextNumber = (nextNumber + 1) >>> 0;
      return true;
    },
    takeBody() {
      const [first] = large;
      const pieceBytes =
        first === undefined ? 0 : Math.min(MAX_PIECE_BYTES, first.bytes - first.sent);
      const reserved = first === undefined ? 0 : PIECE_HEAD_BYTES + pieceBytes;
      const whole = takeSmall(MAX_BODY_BYTES - reserved);
      const bytes = whole.reduce((sum, frame) => sum + PIECE_HEAD_BYTES + frame.bytes, reserved);
      if (bytes === 0) return undefined;
      const body = new Uint8Array(bytes);
      let at = 0;
      for (const frame of whole) {
        at = writePiece(body, at, frame, frame.bytes);
        queuedBytes -= frame.bytes + FRAME_OVERHEAD_BYTES;
      }
      if (first !== undefined) {
        writePiece(body, at, first, pieceBytes);
        if (first.sent === first.bytes) {
          large.shift();
          queuedBytes -= first.bytes + FRAME_OVERHEAD_BYTES;
        }
      }
      return body;
    },
    clear() {
      small = [];
      large = [];
      queuedBytes = 0;
    },
  };
}

/** The frame's next so many bytes, behind their head. @returns where they end. */
function writePiece(
  body: Uint8Array<ArrayBuffer>,
  at: number,
  frame: Waiting,
  length: number,
): number {
  const view = new DataView(body.buffer);
  writePieceHead(view, at, frame.number, frame.bytes, frame.sent, length);
  let to = at + PIECE_HEAD_BYTES;
  const end = to + length;
  while (to < end) {
    const part = frame.parts[frame.part];
    if (part === undefined) break;
    const bytes = Math.min(part.length - frame.position, end - to);
    body.set(part.subarray(frame.position, frame.position + bytes), to);
    to += bytes;
    frame.position += bytes;
    if (frame.position === part.length) {
      frame.part += 1;
      frame.position = 0;
    }
  }
  frame.sent += length;
  return end;
}
