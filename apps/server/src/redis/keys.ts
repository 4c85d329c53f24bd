// Keys of Redis are any bytes, those of the state machine are text. Bytes that are UTF-8 are the
// same key on both sides. Each other byte b, from 0x80 to 0xff, is the private-use character
// U+10FE00 + b, so that different bytes are always different keys, and every key can be read over
// HTTP. So as not to be taken for one of these, these characters themselves are spelt in the same
// way, byte by byte; and so is U+FEFF at the beginning, which the codec msgpack doesn't carry.
import { isUtf8 } from "node:buffer";

/** In UTF-8, U+10FE80 to U+10FEFF are F4 8F, BA or BB, and one byte from 80 to BF. */
const ESCAPE_1 = 0xf4;
const ESCAPE_2 = 0x8f;
const ESCAPE_LOW = 0xba;
const ESCAPE_HIGH = 0xbb;
const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** @returns the key's bytes in UTF-8; mostly the given ones */
export function storedKey(key: Buffer): Buffer {
  return isPlain(key) ? key : escaped(key);
}

/** The key as Redis' clients see it. */
export function clientKey(key: string): Buffer {
  const stored = Buffer.from(key);
  const bytes: number[] = [];
  for (let at = 0; at < stored.length; at++) {
    const byte = stored[at] ?? 0;
    if (!isEscape(stored, at)) bytes.push(byte);
    else {
      bytes.push((stored[at + 3] ?? 0) + (stored[at + 2] === ESCAPE_HIGH ? 0x40 : 0));
      at += 3;
    }
  }
  return bytes.length === stored.length ? stored : Buffer.from(bytes);
}

function isPlain(key: Buffer): boolean {
  let isAscii = true;
  for (let at = 0; at < key.length; at++) {
    if ((key[at] ?? 0) < 0x80) continue;
    if (isEscape(key, at)) return false;
    isAscii = false;
  }
  return isAscii || (isUtf8(key) && !startsWithMark(key));
}

function escaped(key: Buffer): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < key.length;) {
    const length = sequenceLength(key[at] ?? 0);
    const sequence = key.subarray(at, at + length);
    const isText =
      sequence.length === length &&
      isUtf8(sequence) &&
      !isEscape(key, at) &&
      !(at === 0 && startsWithMark(key));
    if (isText) {
      bytes.push(...sequence);
      at += length;
    } else bytes.push(...escapeOf(key[at++] ?? 0));
  }
  return Buffer.from(bytes);
}

function escapeOf(byte: number): readonly number[] {
  return byte < 0x80
    ? [byte]
    : byte < 0xc0
      ? [ESCAPE_1, ESCAPE_2, ESCAPE_LOW, byte]
      : [ESCAPE_1, ESCAPE_2, ESCAPE_HIGH, byte - 0x40];
}

function isEscape(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === ESCAPE_1 &&
    bytes[at + 1] === ESCAPE_2 &&
    (bytes[at + 2] === ESCAPE_LOW || bytes[at + 2] === ESCAPE_HIGH)
  );
}

function startsWithMark(key: Buffer): boolean {
  return key.length >= 3 && key.subarray(0, 3).equals(BYTE_ORDER_MARK);
}

/** What its first byte announces; 1 for bytes that begin nothing. */
function sequenceLength(first: number): number {
  return first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
}
