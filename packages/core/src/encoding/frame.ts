// A message as one frame: the header's length (u32, little-endian), the header through the codec,
// then the payload bytes.
import type { Codec } from "../ports/codec.js";
import type { Message } from "../protocol/messages.js";
import { decodeMessage, messageHeader, messagePayload } from "./message.js";

/**
 * The largest header of any message: that of a bootstrap question with MEMBERS_MAX voters has less.
 * Bounded before a codec sees it, because decoding costs more than its bytes.
 */
const HEADER_BYTES_MAX = 64 * 1024;

/** A frame in parts, for `Transport.send`; the bytes of entries are not copied. */
export function encodeFrame(codec: Codec, message: Message): readonly Uint8Array[] {
  const header = codec.encode(messageHeader(message));
  const front = new Uint8Array(4 + header.length);
  front[0] = header.length;
  front[1] = header.length >>> 8;
  front[2] = header.length >>> 16;
  front[3] = header.length >>> 24;
  front.set(header, 4);
  return [front, ...messagePayload(message)];
}

/** By hand: a view of the buffer would cost more than all else that is read here. */
function headerLength(frame: Uint8Array): number {
  return (
    ((frame[0] ?? 0) | ((frame[1] ?? 0) << 8) | ((frame[2] ?? 0) << 16)) +
    (frame[3] ?? 0) * 0x1000000
  );
}

/**
 * @returns undefined for whatever no correct node sends; the message's entries are views of the
 * frame
 */
export function decodeFrame(codec: Codec, frame: Uint8Array): Message | undefined {
  if (frame.length < 4) return undefined;
  const length = headerLength(frame);
  const end = 4 + length;
  if (length > HEADER_BYTES_MAX || end > frame.length) return undefined;
  try {
    return decodeMessage(codec.decode(frame.subarray(4, end)), frame.subarray(end));
  } catch {
    return undefined;
  }
}
