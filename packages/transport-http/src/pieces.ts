// The form of a request's body: pieces of frames, one after the other, each behind a head of four
// unsigned 32-bit numbers, most significant byte first: FRAME (a number of the sender's), TOTAL
// (the frame's bytes), OFFSET, LENGTH. Whole frames come first; then at most one piece of a frame
// that is too large to travel whole. Nothing follows it.
import { PeerRejected } from "./errors.js";

/** The largest body of a request. Part of the protocol: both sides count on it. */
export const MAX_BODY_BYTES: number = 256 * 1024;
/**
 * A frame above this travels in pieces of this many bytes. So much of a large frame is on the line
 * at once: what a heartbeat may have to wait for.
 */
export const MAX_PIECE_BYTES: number = 64 * 1024;
export const PIECE_HEAD_BYTES = 16;

export interface Piece {
  readonly frame: number;
  readonly total: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

export function writePieceHead(
  view: DataView,
  at: number,
  frame: number,
  total: number,
  offset: number,
  length: number,
): void {
  view.setUint32(at, frame);
  view.setUint32(at + 4, total);
  view.setUint32(at + 8, offset);
  view.setUint32(at + 12, length);
}

/** All pieces of a body, or why there is none. */
export function readPieces(
  body: Uint8Array,
  maxFrameBytes: number,
): readonly Piece[] | PeerRejected {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const pieces: Piece[] = [];
  let at = 0;
  while (at < body.length) {
    if (body.length - at < PIECE_HEAD_BYTES) {
      return rubbish(`${body.length - at} bytes are left over`);
    }
    const [frame, total, offset, length] = [
      view.getUint32(at),
      view.getUint32(at + 4),
      view.getUint32(at + 8),
      view.getUint32(at + 12),
    ];
    const start = at + PIECE_HEAD_BYTES;
    const end = start + length;
    if (total > maxFrameBytes) {
      return rubbish(`a frame of ${total} bytes is above the limit of ${maxFrameBytes}`);
    }
    if (end > body.length || offset + length > total) {
      return rubbish("a piece ends beyond its body or its frame");
    }
    if (length === 0 && total > 0) return rubbish("a piece is empty");
    if (length < total && end < body.length) return rubbish("something follows a piece of a frame");
    pieces.push({ frame, total, offset, data: body.subarray(start, end) });
    at = end;
  }
  return pieces;
}

function rubbish(why: string): PeerRejected {
  return new PeerRejected(
    "BAD_REQUEST",
    `a request's body can't be read: ${why}; only nodes of a raftkit cluster may call here`,
  );
}
