// How the toy transport cuts a stream of bytes into records: length, checksum, kind, payload.
import { crc32 } from "node:zlib";

export const Kind = {
  hello: 0,
  reject: 1,
  frame: 2,
  sign: 3,
  piece: 4,
  lastPiece: 5,
  took: 6,
} as const;
const HEADER_BYTES = 9;

export function encodeRecord(kind: number, payload: Uint8Array): Buffer {
  const whole = Buffer.alloc(HEADER_BYTES + payload.length);
  whole.writeUInt32LE(payload.length, 0);
  whole.writeUInt8(kind, 8);
  whole.set(payload, HEADER_BYTES);
  whole.writeUInt32LE(crc32(whole.subarray(8)), 4);
  return whole;
}

export interface RecordReader {
  /** @returns false when these bytes are no record */
  push(chunk: Buffer): boolean;
  /** The payload that hasn't come as a whole. */
  rest(): Buffer;
}

/** @param take says whether it goes on */
export function readRecords(
  checksum: boolean,
  maxBytes: number,
  announced: (bytes: number) => void,
  take: (kind: number, payload: Buffer) => boolean,
): RecordReader {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + rest.readUInt32LE(0);
        if (end > HEADER_BYTES + maxBytes) return false;
        if (rest.length < end) {
          announced(end);
          break;
        }
        if (checksum && crc32(rest.subarray(8, end)) !== rest.readUInt32LE(4)) return false;
        const [kind, payload] = [rest.readUInt8(8), rest.subarray(HEADER_BYTES, end)];
        rest = rest.subarray(end);
        if (!take(kind, payload)) break;
      }
      return true;
    },
    rest: () => rest.subarray(HEADER_BYTES),
  };
}
