// One frame holds one write: all of its records or none. It must be impossible to take anything
// else for a frame.
//
//   frame = crc u32 | length u32 | salt 8 bytes | number u48, flags u16 | previous u32 | header crc u32 | payload[length]
//
// The CRC-32 covers everything behind it. The salt is that of this use of the segment, the number
// counts all frames of the log, `previous` is the CRC of the frame before: so neither a stale frame
// of an earlier use nor a copy of a frame inside somebody's data can follow here. Frames start at
// multiples of 8; the payload is padded with zeros to one, and ends in a byte that isn't 0.
//
// The header's own CRC-32 and that last byte are for recovery: where the header is whole its length
// can be trusted, and a write that stopped short misses its last byte.
import { crc32 } from "node:zlib";
import type { LogRecord } from "./record.js";
import { dataBytes, encodeRecord, RECORD_HEADER_BYTES } from "./record.js";
import { getUint48, setUint48 } from "./numbers.js";

export const FRAME_HEADER_BYTES = 32;
const SALT_OFFSET = 8;
const HEADER_CRC_OFFSET = 28;
const NEXT_SEGMENT_EXISTS = 1;
const LAST_BYTE = 0xff;
/** The largest frame; a write may hold this much, headers included. */
export const FRAME_BYTES_MAX: number = 1024 ** 3;
/**
 * Entries up to this size are copied beside their headers; above, the disk gets them from where
 * they are.
 */
const COPY_BYTES_MAX = 64 * 1024;

/** What the next frame must follow. Before the first frame of a log both are 0. */
export interface FrameLink {
  readonly number: number;
  readonly crc: number;
}

export interface FrameHeader extends FrameLink {
  readonly previous: number;
  /** When the frame was written the segment after its own was durably there. */
  readonly hasNext: boolean;
  /** How long the frame is, header included. */
  readonly bytes: number;
}

export interface EncodedFrame {
  /** Valid until the next frame is encoded. */
  readonly parts: readonly Uint8Array[];
  readonly link: FrameLink;
}

export function frameBytes(records: readonly LogRecord[]): number {
  return FRAME_HEADER_BYTES + paddedBytes(payloadBytes(records));
}

/** @returns encodes frames, reusing one buffer */
export function createFrameEncoder(): (
  records: readonly LogRecord[],
  segment: { readonly salt: Uint8Array; readonly hasNext: boolean },
  after: FrameLink,
) => EncodedFrame {
  let slab = Buffer.allocUnsafeSlow(2 * COPY_BYTES_MAX);
  let view = new DataView(slab.buffer);
  return (records, { salt, hasNext }, after) => {
    const length = payloadBytes(records);
    const padded = paddedBytes(length);
    const outside = records.reduce((sum, record) => sum + outsideBytes(record), 0);
    const inside = FRAME_HEADER_BYTES + padded - outside;
    if (inside > slab.length) {
      slab = Buffer.allocUnsafeSlow(2 * inside);
      view = new DataView(slab.buffer);
    }
    const parts: Uint8Array[] = [];
    let start = 0;
    let at = FRAME_HEADER_BYTES;
    for (const record of records) {
      at = encodeRecord(record, slab, view, at);
      if (record.type !== "append") continue;
      if (outsideBytes(record) === 0) {
        slab.set(record.run.bytes, at);
        at += record.run.bytes.length;
      } else {
        parts.push(slab.subarray(start, at), record.run.bytes);
        start = at;
      }
    }
    const end = at + padded - length;
    slab.fill(0, at, end - 1);
    slab[end - 1] = LAST_BYTE;
    parts.push(slab.subarray(start, end));
    slab.set(salt, SALT_OFFSET);
    view.setUint32(4, padded, true);
    setUint48(view, 16, after.number + 1);
    view.setUint16(22, hasNext ? NEXT_SEGMENT_EXISTS : 0, true);
    view.setUint32(24, after.crc, true);
    view.setUint32(HEADER_CRC_OFFSET, crc32(slab.subarray(4, HEADER_CRC_OFFSET)), true);
    const crc = parts.reduce((sum, part, i) => crc32(i === 0 ? part.subarray(4) : part, sum), 0);
    view.setUint32(0, crc, true);
    return {
      parts: parts.filter((part) => part.length > 0),
      link: { number: after.number + 1, crc },
    };
  };
}

/** @returns the header at `offset` if there is an undamaged one of this use of the segment */
export function readFrameHeader(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  salt: Uint8Array,
): FrameHeader | undefined {
  if (!bearsSalt(bytes, offset, salt)) return undefined;
  const length = view.getUint32(offset + 4, true);
  if (
    length % 8 !== 0 ||
    crc32(part(bytes, offset + 4, offset + HEADER_CRC_OFFSET)) !==
      view.getUint32(offset + HEADER_CRC_OFFSET, true)
  ) {
    return undefined;
  }
  return {
    number: getUint48(view, offset + 16),
    crc: view.getUint32(offset, true),
    previous: view.getUint32(offset + 24, true),
    hasNext: (view.getUint16(offset + 22, true) & NEXT_SEGMENT_EXISTS) !== 0,
    bytes: FRAME_HEADER_BYTES + length,
  };
}

/** Whether the frame at `offset`, which has this header, is whole and undamaged. */
export function isFrameWhole(bytes: Uint8Array, offset: number, header: FrameHeader): boolean {
  const end = offset + header.bytes;
  return end <= bytes.length && crc32(part(bytes, offset + 4, end)) === header.crc;
}

/** Whether the frame is the one that comes after another. */
export function follows(header: FrameHeader, link: FrameLink): boolean {
  return header.number === link.number + 1 && header.previous === link.crc;
}

/** Whether a frame of this use of the segment was begun here, whole or not. */
export function bearsSalt(bytes: Uint8Array, offset: number, salt: Uint8Array): boolean {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return false;
  for (let i = 0; i < salt.length; i++) {
    if (bytes[offset + SALT_OFFSET + i] !== salt[i]) return false;
  }
  return true;
}

/** Whether the frame that comes after another was begun here, whatever its salt. */
export function bearsLink(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  link: FrameLink,
): boolean {
  return (
    offset + FRAME_HEADER_BYTES <= bytes.length &&
    getUint48(view, offset + 16) === link.number + 1 &&
    view.getUint32(offset + 24, true) === link.crc
  );
}

/**
 * @returns where the next undamaged frame after frame `number` starts, searching from `offset` on
 */
export function findFrameAfter(
  bytes: Buffer,
  view: DataView,
  offset: number,
  salt: Uint8Array,
  number: number,
): number | undefined {
  for (
    let at = bytes.indexOf(salt, offset + SALT_OFFSET);
    at >= 0;
    at = bytes.indexOf(salt, at + 1)
  ) {
    const start = at - SALT_OFFSET;
    if (start % 8 !== 0) continue;
    const header = readFrameHeader(bytes, view, start, salt);
    if (header !== undefined && header.number > number && isFrameWhole(bytes, start, header)) {
      return start;
    }
  }
  return undefined;
}

function payloadBytes(records: readonly LogRecord[]): number {
  return records.reduce((sum, record) => sum + RECORD_HEADER_BYTES + dataBytes(record), 0);
}

function outsideBytes(record: LogRecord): number {
  const bytes = record.type === "append" ? record.run.bytes.length : 0;
  return bytes > COPY_BYTES_MAX ? bytes : 0;
}

/** At least one byte more: the last one. */
function paddedBytes(payload: number): number {
  return Math.ceil((payload + 1) / 8) * 8;
}

function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}
