// Cutting and joining large messages, and what is refused on the way.
import { expect, test } from "vitest";
import { PIECE_BYTES, PieceCutter, PieceJoiner, WHOLE_MAX_BYTES } from "../src/pieces.js";
import type { Joined } from "../src/pieces.js";
import { bytes } from "./help.js";

const noise = (length: number): Uint8Array =>
  new Uint8Array(length).map((_, i) => (i * 31) ^ (i >> 8));

function cut(...parts: readonly Uint8Array[]): Buffer[] {
  const cutter = new PieceCutter(
    parts,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  return Array.from({ length: cutter.piecesLeft }, () => Buffer.concat(cutter.next().parts));
}

function piece(total: number, offset: number, dataBytes: number): Uint8Array {
  const payload = Buffer.alloc(8 + dataBytes);
  payload.writeUInt32LE(total, 0);
  payload.writeUInt32LE(offset, 4);
  return payload;
}

test.each([
  ["one part", [noise(200_000)]],
  ["parts of all sizes", [bytes(), bytes(1), noise(40_000), bytes(), noise(70_000), bytes(9)]],
  ["a multiple of a piece", [noise(3 * PIECE_BYTES)]],
  ["the smallest", [noise(WHOLE_MAX_BYTES + 1)]],
])("%s comes out as it went in, twice", (_, parts) => {
  const joiner = new PieceJoiner(200_000);
  for (let round = 0; round < 2; round++) {
    const joined = cut(...parts).map((payload) => joiner.add(payload));
    const last = joined.pop();
    expect(joined.map(({ type }) => type)).toEqual(joined.map(() => "more"));
    expect(last?.type === "whole" && Buffer.concat(parts).equals(last.message)).toBe(true);
    expect(joiner.heldBytes).toBe(0);
  }
});

test("memory follows what arrived, whatever is announced", () => {
  const joiner = new PieceJoiner(2 ** 30);
  for (let arrived = 0; arrived < 2 ** 20; arrived += PIECE_BYTES) {
    expect(joiner.add(piece(2 ** 30, arrived, PIECE_BYTES))).toEqual({ type: "more" });
    expect(joiner.heldBytes).toBe(arrived + PIECE_BYTES);
  }
  joiner.drop();
  expect(joiner.heldBytes).toBe(0);
});

const BEGINNING = piece(100_000, 0, PIECE_BYTES);
test.each<[string, readonly Uint8Array[], string, string]>([
  [
    "a piece without a beginning",
    [piece(100_000, PIECE_BYTES, PIECE_BYTES)],
    "CORRUPT_STREAM",
    "sent the piece at byte 32768 of 100000 where a beginning was due",
  ],
  [
    "a beginning inside another message",
    [BEGINNING, BEGINNING],
    "CORRUPT_STREAM",
    "sent the piece at byte 0 of 100000 where the one at byte 32768 of 100000 was due",
  ],
  [
    "a piece twice",
    [BEGINNING, piece(100_000, PIECE_BYTES, PIECE_BYTES), piece(100_000, PIECE_BYTES, PIECE_BYTES)],
    "CORRUPT_STREAM",
    "sent the piece at byte 32768 of 100000 where the one at byte 65536 of 100000 was due",
  ],
  [
    "a piece left out",
    [BEGINNING, piece(100_000, 2 * PIECE_BYTES, 100_000 - 2 * PIECE_BYTES)],
    "CORRUPT_STREAM",
    "sent the piece at byte 65536 of 100000 where the one at byte 32768 of 100000 was due",
  ],
  [
    "another total half way",
    [BEGINNING, piece(200_000, PIECE_BYTES, PIECE_BYTES)],
    "CORRUPT_STREAM",
    "sent the piece at byte 32768 of 200000 where the one at byte 32768 of 100000 was due",
  ],
  [
    "more than was announced",
    [
      BEGINNING,
      piece(100_000, PIECE_BYTES, PIECE_BYTES),
      piece(100_000, 2 * PIECE_BYTES, PIECE_BYTES + 1),
    ],
    "CORRUPT_STREAM",
    "sent a piece of 32769 bytes where 32768 were due",
  ],
  [
    "an empty piece",
    [piece(100_000, 0, 0)],
    "CORRUPT_STREAM",
    "sent a piece of 0 bytes where 32768 were due",
  ],
  ["half a header", [bytes(1, 2, 3)], "CORRUPT_STREAM", "sent a piece without a header"],
  [
    "a small message",
    [piece(65_536, 0, PIECE_BYTES)],
    "CORRUPT_STREAM",
    "sent a frame of 65536 bytes in pieces",
  ],
  [
    "one above the limit",
    [piece(2 ** 32 - 1, 0, PIECE_BYTES)],
    "FRAME_TOO_LARGE",
    "announced a frame of 4294967295 bytes where at most 200000 are taken",
  ],
])("%s is refused", (_, pieces, code, message) => {
  const joiner = new PieceJoiner(200_000);
  let joined: Joined | undefined;
  for (const payload of pieces) joined = joiner.add(payload);
  expect(joined).toEqual({ type: "fault", fault: { code, message } });
});
