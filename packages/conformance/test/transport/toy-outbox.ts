// What waits on one connection of the toy transport. Small frames leave at once; of large ones a few
// pieces are on their way, and the next one leaves when the other side has taken one: whatever the
// system's buffers hold, little of it is in front of a small frame.
import type { Socket } from "node:net";
import { encodeRecord, Kind } from "./toy-records.js";
import type { Ways } from "./toy-ways.js";

export interface Outbox {
  waitingBytes(): number;
  push(frame: Uint8Array): void;
  /** The other side took a piece. */
  took(): void;
}

export function createOutbox(socket: Socket, ways: Ways): Outbox {
  const large: { readonly frame: Uint8Array; at: number }[] = [];
  let [underWay, between] = [0, 0];

  function next(): void {
    for (
      let head = large[0];
      head !== undefined && underWay < ways.piecesUnderWay;
      head = large[0]
    ) {
      const piece = head.frame.subarray(head.at, head.at + ways.pieceBytes);
      head.at += piece.length;
      const isLast = head.at === head.frame.length;
      if (isLast) {
        large.shift();
        between = 0;
      }
      underWay++;
      socket.write(encodeRecord(isLast ? Kind.lastPiece : Kind.piece, piece));
    }
  }

  return {
    waitingBytes: () =>
      large.reduce((bytes, { frame, at }) => bytes + frame.length - at, socket.writableLength),
    push(frame) {
      const isSmall = frame.length <= ways.pieceBytes;
      if (isSmall && (large.length === 0 || between++ < ways.smallOnesBetween)) {
        socket.write(encodeRecord(Kind.frame, frame));
      } else {
        large.push({ frame, at: 0 });
        ways.startsPieces(next);
      }
    },
    took() {
      underWay--;
      next();
    },
  };
}
