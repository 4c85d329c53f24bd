// What the load says to etcd, and how it reads the answers: HTTP/2 frames (RFC 9113) around
// etcdserverpb.KV/Put and Range. Every request of a kind differs in its stream and key alone, so it
// is made once and patched; header fields are literals (RFC 7541), so that no table has to be kept.
//
//   frame   = length u24 | type u8 | flags u8 | stream u32 | payload        integers big-endian
//   request = HEADERS frame, DATA frame { 0 u8 | length u32 | protobuf message }
import { KEY_BYTES, keyName } from "./key-names.js";

export const FRAME_BYTES = 9;

export const FrameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

const END_STREAM = 1;
export const ACK = 1;
const END_HEADERS = 4;

/** No dynamic table for what we receive: equal trailers are then equal bytes. */
const NO_HEADER_TABLE = [0, 1, 0, 0, 0, 0];
const LARGEST_STREAM_WINDOW = [0, 4, 0x7f, 0xff, 0xff, 0xff];
/** What a connection's window grows by, at first and whenever so much was received. */
export const WINDOW_GROWTH = 2 ** 30;

/** `grpc-status: 0`, a literal whose name is Huffman-coded. */
const STATUS_OK = Buffer.from("889acac8b21234da8f0130", "hex");

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, FRAME_BYTES);
  return bytes;
}

export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FrameType.windowUpdate, 0, 0, payload);
}

/** What a client sends first. */
export function preface(): Buffer {
  const settings = Buffer.from([...NO_HEADER_TABLE, ...LARGEST_STREAM_WINDOW]);
  return Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(FrameType.settings, 0, 0, settings),
    windowUpdate(WINDOW_GROWTH),
  ]);
}

function literal(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}

/** Field names by their number in HPACK's static table, those that aren't there by name. */
function requestHeaders(path: string, authority: string): Uint8Array {
  const [post, http, named] = [0x83, 0x86, 0];
  const [pathName, authorityName, contentTypeName] = [[0x04], [0x01], [0x0f, 0x10]];
  const fields: readonly (readonly number[])[] = [
    [post, http],
    [...pathName, ...literal(path)],
    [...authorityName, ...literal(authority)],
    [...contentTypeName, ...literal("application/grpc")],
    [named, ...literal("te"), ...literal("trailers")],
  ];
  return Uint8Array.from(fields.flat());
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
}

/** A gRPC message: not compressed, its length, and the protobuf message. */
export function message(...fields: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(fields);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

export function putMessage(key: string, value: Uint8Array): Buffer {
  return message(bytesField(1, Buffer.from(key)), bytesField(2, value));
}

/** Of one key; linearizable, which is etcd's default. */
export function rangeMessage(key: string): Buffer {
  return message(bytesField(1, Buffer.from(key)));
}

export const PUT_PATH = "/etcdserverpb.KV/Put";
export const RANGE_PATH = "/etcdserverpb.KV/Range";

/** A request that is sent again and again, with another stream and another key. */
export interface RequestTemplate {
  readonly bytes: Buffer;
  /** Where the stream's number stands. */
  readonly streamAt: readonly [number, number];
  readonly keyAt: number;
  /** What counts for the peer's window. */
  readonly dataBytes: number;
}

export function requestTemplate(path: string, authority: string, body: Buffer): RequestTemplate {
  const headers = frame(FrameType.headers, END_HEADERS, 0, requestHeaders(path, authority));
  const bytes = Buffer.concat([headers, frame(FrameType.data, END_STREAM, 0, body)]);
  const keyAt = bytes.indexOf(keyName(0), headers.length);
  if (keyAt < 0) throw new Error(`a request's body has no key of ${KEY_BYTES} bytes`);
  return { bytes, streamAt: [5, headers.length + 5], keyAt, dataBytes: body.length };
}

/** Whether a frame ends its stream. */
export function endsStream(type: number, flags: number): boolean {
  if (type === FrameType.reset) return true;
  return (type === FrameType.headers || type === FrameType.data) && (flags & END_STREAM) !== 0;
}

/** Whether these headers are the trailers of a call that was carried out. */
export function saysOk(payload: Buffer): boolean {
  return payload.includes(STATUS_OK);
}
