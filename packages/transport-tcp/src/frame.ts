// The byte stream of a connection, cut into frames.
//
//   stream = magic[4] frame*                                each direction
//   frame  = length u32 | crc u32 | kind u8 | payload       little-endian; length and CRC-32 cover kind and payload
//
// The first frame is a hello or a reject, of at most HELLO_MAX_BYTES. Lengths are checked before
// anything is allocated, and a frame is small: a larger message comes in pieces. What comes out
// never changes again: it is a view of a chunk that consists mostly of whole frames, or a copy.
import { crc32 } from "node:zlib";
import type { RejectionCode } from "./errors.js";
import { HELLO_MAX_BYTES } from "./hello.js";

export const MAGIC: Uint8Array = Uint8Array.from([0x52, 0x4b, 0x54, 0xf1]); // "RKT" and a byte that no text has
export const FRAME_HEADER_BYTES = 8;
export const FrameKind = {
  hello: 0,
  reject: 1,
  /** A message as a whole. */
  message: 2,
  alive: 3,
  /** Of a large message. */
  piece: 4,
  /** How many pieces the other side has taken since it said so last: u32. */
  taken: 5,
} as const;

export interface FrameEvents {
  /** May call `stop`. */
  frame(kind: number, payload: Uint8Array): void;
  /** The stream is unusable; nothing follows. */
  fault(code: RejectionCode, what: string): void;
}

/** Takes the chunks of one stream. */
export class FrameReader {
  readonly #events: FrameEvents;
  readonly #maxLength: number;
  #stopped = false;
  /** Before the first frame there is the magic, and only a short frame is taken. */
  #first = true;
  readonly #head = new Uint8Array(MAGIC.length + FRAME_HEADER_BYTES);
  #headFilled = 0;
  /** The frame that a chunk began and a later one ends. */
  #body: Uint8Array | undefined;
  #bodyFilled = 0;

  /** @param maxPayloadBytes of one frame, after the first */
  constructor(maxPayloadBytes: number, events: FrameEvents) {
    this.#maxLength = maxPayloadBytes + 1;
    this.#events = events;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @param chunk bytes that nobody changes afterwards */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      const begun = this.#first || this.#headFilled > 0;
      at = begun ? this.#fill(chunk, at) : this.#emitWhole(chunk, at);
    }
  }

  /** Adds to the frame that was begun, and emits it when it is whole. */
  #fill(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#body === undefined) {
      const headBytes = FRAME_HEADER_BYTES + (this.#first ? MAGIC.length : 0);
      const taken = Math.min(headBytes - this.#headFilled, chunk.length - at);
      this.#head.set(chunk.subarray(at, at + taken), this.#headFilled);
      this.#headFilled += taken;
      at += taken;
      if (this.#headFilled < headBytes) return at;
      if (this.#first && MAGIC.some((byte, i) => this.#head[i] !== byte)) {
        this.#fault("NOT_A_PEER", "sent something that is not this protocol");
        return at;
      }
      const length = this.#checkedLength(this.#head, headBytes - FRAME_HEADER_BYTES);
      if (length === undefined) return at;
      this.#body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
      this.#bodyFilled = 0;
    }
    const body = this.#body;
    const taken = Math.min(body.length - this.#bodyFilled, chunk.length - at);
    body.set(chunk.subarray(at, at + taken), this.#bodyFilled);
    this.#bodyFilled += taken;
    at += taken;
    if (this.#bodyFilled === body.length) {
      const crc = readU32(this.#head, this.#headFilled - 4);
      this.#body = undefined;
      this.#headFilled = 0;
      this.#first = false;
      this.#emit(body, crc);
    }
    return at;
  }

  /** Emits the frames that lie in the chunk as a whole, and begins the one that doesn't. */
  #emitWhole(chunk: Uint8Array, from: number): number {
    let at = from;
    let kept = 0;
    const ends: number[] = [];
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + readU32(chunk, at);
      if (end > chunk.length) break;
      ends.push(end);
      if (chunk[at + FRAME_HEADER_BYTES] !== FrameKind.piece) kept += end - at;
      at = end;
    }
    // A view keeps the whole chunk alive, perhaps for as long as the log lives: only if that wastes
    // less than an eighth. Pieces are copied anyway.
    const keep = kept * 8 >= chunk.buffer.byteLength * 7;
    let start = from;
    for (const end of ends) {
      if (this.#checkedLength(chunk, start) === undefined) return at;
      const body = chunk.subarray(start + FRAME_HEADER_BYTES, end);
      const passes = keep || body[0] === FrameKind.piece;
      this.#emit(passes ? body : body.slice(), readU32(chunk, start + 4));
      if (this.#stopped) return at;
      start = end;
    }
    return at < chunk.length ? this.#fill(chunk, at) : at;
  }

  #emit(body: Uint8Array, crc: number): void {
    if (crc32(body) !== crc) this.#fault("CORRUPT_STREAM", "sent a frame whose checksum is wrong");
    else this.#events.frame(body[0] ?? 0, body.subarray(1));
  }

  #checkedLength(bytes: Uint8Array, at: number): number | undefined {
    const length = readU32(bytes, at);
    const max = this.#first ? HELLO_MAX_BYTES : this.#maxLength;
    if (length >= 1 && length <= max) return length;
    if (length === 0) this.#fault("CORRUPT_STREAM", "sent a frame without a kind");
    else {
      this.#fault(
        "FRAME_TOO_LARGE",
        `announced a frame of ${length - 1} bytes where at most ${max - 1} are taken`,
      );
    }
    return undefined;
  }

  #fault(code: RejectionCode, what: string): void {
    this.#stopped = true;
    this.#events.fault(code, what);
  }
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)) +
    (bytes[at + 3] ?? 0) * 0x1000000
  );
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
