// How the loader and a server under load talk: a cheap edge, so that what is measured is the
// runtime. Pipelined records.
//
//   request = id u32 | key u32 | length u32 | value[length]   length 0: a read of the key
//   reply   = id u32 | status u32                             integers little-endian
import type { Socket } from "node:net";
import { Batch, cut } from "./batch.js";

export const STATUS_OK = 0;
/** The write wasn't acknowledged; or the read wasn't answered, or found nothing. */
export const STATUS_FAILED = 1;

const REQUEST_BYTES = 12;
const REPLY_BYTES = 8;

/** @returns sends a request; without a value it is a read */
export function createRequests(
  socket: Socket,
): (id: number, key: number, value?: Uint8Array) => void {
  const batch = new Batch(socket);
  return (id, key, value) => {
    const length = value?.length ?? 0;
    const { slab, at } = batch.take(REQUEST_BYTES + length);
    slab.writeUInt32LE(id, at);
    slab.writeUInt32LE(key, at + 4);
    slab.writeUInt32LE(length, at + 8);
    if (value) slab.set(value, at + REQUEST_BYTES);
  };
}

/** @param receive `value` is the socket's own buffer, and empty for a read */
export function onRequests(
  socket: Socket,
  receive: (id: number, key: number, value: Uint8Array) => void,
): void {
  cut(socket, (bytes, at) => {
    if (bytes.length - at < REQUEST_BYTES) return -1;
    const start = at + REQUEST_BYTES;
    const end = start + bytes.readUInt32LE(at + 8);
    if (end > bytes.length) return -1;
    receive(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.subarray(start, end));
    return end;
  });
}

export function createReplies(socket: Socket): (id: number, status: number) => void {
  const batch = new Batch(socket);
  return (id, status) => {
    const { slab, at } = batch.take(REPLY_BYTES);
    slab.writeUInt32LE(id, at);
    slab.writeUInt32LE(status, at + 4);
  };
}

export function onReplies(socket: Socket, receive: (id: number, status: number) => void): void {
  cut(socket, (bytes, at) => {
    if (bytes.length - at < REPLY_BYTES) return -1;
    receive(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
    return at + REPLY_BYTES;
  });
}
