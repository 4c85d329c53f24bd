// A message above WHOLE_MAX_BYTES travels in pieces, so that small ones go in between: a heartbeat
// must not wait behind megabytes. One message is under way at a time in each direction.
//
//   piece = total u32 | offset u32 | data           little-endian
//
// Every piece but the last carries PIECE_BYTES, so what must come next is known. What puts a
// message together takes memory as pieces arrive, never for what is merely announced.
import type { Refusal } from "./errors.js";
import { readU32, writeU32 } from "./frame.js";

/** The largest message that travels as one frame. */
export const WHOLE_MAX_BYTES = 65_536;
/** What a piece carries. At 20 Mbit/s it takes 13 ms. */
export const PIECE_BYTES = 32_768;
const PIECE_HEADER_BYTES = 8;

/** Cuts one message into pieces. */
export class PieceCutter {
  readonly #parts: readonly Uint8Array[];
  readonly #total: number;
  #offset = 0;
  /** Where the next piece begins: in which part, and where in it. */
  #part = 0;
  #partOffset = 0;

  /** @param total what the parts have together, in bytes */
  constructor(parts: readonly Uint8Array[], total: number) {
    this.#parts = parts;
    this.#total = total;
  }

  get piecesLeft(): number {
    return Math.ceil((this.#total - this.#offset) / PIECE_BYTES);
  }

  /** The next piece: its header, and views of the message's parts. */
  next(): { readonly parts: readonly Uint8Array[]; readonly dataBytes: number } {
    const header = new Uint8Array(PIECE_HEADER_BYTES);
    writeU32(header, 0, this.#total);
    writeU32(header, 4, this.#offset);
    const parts: Uint8Array[] = [header];
    const dataBytes = Math.min(PIECE_BYTES, this.#total - this.#offset);
    let missing = dataBytes;
    while (missing > 0) {
      const part = this.#parts[this.#part];
      if (part === undefined) break;
      const view = part.subarray(this.#partOffset, this.#partOffset + missing);
      if (view.length > 0) parts.push(view);
      missing -= view.length;
      this.#partOffset += view.length;
      if (this.#partOffset === part.length) {
        this.#part += 1;
        this.#partOffset = 0;
      }
    }
    this.#offset += dataBytes;
    return { parts, dataBytes };
  }
}

/** What a piece led to: more is missing, the message is whole, or the other side broke the rules. */
export type Joined =
  | { readonly type: "more" }
  | { readonly type: "whole"; readonly message: Uint8Array }
  | { readonly type: "fault"; readonly fault: Refusal };

const MORE: Joined = { type: "more" };

/** Puts one message after another together. */
export class PieceJoiner {
  readonly #maxFrameBytes: number;
  /** What came of the message under way. */
  #pieces: Uint8Array[] = [];
  /** What they have together, in bytes. */
  #filled = 0;
  #total = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** What it holds of a message under way, in bytes. */
  get heldBytes(): number {
    return this.#pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** @param payload bytes that nobody changes afterwards */
  add(payload: Uint8Array): Joined {
    if (payload.length < PIECE_HEADER_BYTES) return corrupt("sent a piece without a header");
    const total = readU32(payload, 0);
    const offset = readU32(payload, 4);
    const data = payload.subarray(PIECE_HEADER_BYTES);
    if (total > this.#maxFrameBytes) {
      return {
        type: "fault",
        fault: {
          code: "FRAME_TOO_LARGE",
          message: `announced a frame of ${total} bytes where at most ${this.#maxFrameBytes} are taken`,
        },
      };
    }
    if (total <= WHOLE_MAX_BYTES) return corrupt(`sent a frame of ${total} bytes in pieces`);
    if (offset !== this.#filled || (this.#filled > 0 && total !== this.#total)) {
      return corrupt(
        `sent the piece at byte ${offset} of ${total} where ${this.#filled === 0 ? "a beginning" : `the one at byte ${this.#filled} of ${this.#total}`} was due`,
      );
    }
    const due = Math.min(PIECE_BYTES, total - offset);
    if (data.length !== due) {
      return corrupt(`sent a piece of ${data.length} bytes where ${due} were due`);
    }
    this.#total = total;
    this.#pieces.push(data);
    this.#filled += data.length;
    if (this.#filled < total) return MORE;
    const message = this.#join();
    this.drop();
    return { type: "whole", message };
  }

  /** Forgets what has come of the message under way. */
  drop(): void {
    this.#pieces = [];
    this.#filled = 0;
  }

  /** A copy in one piece: the receiver owns it. */
  #join(): Uint8Array {
    const message = new Uint8Array(Buffer.allocUnsafeSlow(this.#total).buffer);
    let at = 0;
    for (const piece of this.#pieces) {
      message.set(piece, at);
      at += piece.length;
    }
    return message;
  }
}

function corrupt(message: string): Joined {
  return { type: "fault", fault: { code: "CORRUPT_STREAM", message } };
}
