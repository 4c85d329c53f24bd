// What is in a frame, for those who watch, pick out or forge messages: the header's length, the header, the bytes beside it.
import type { Codec, Message } from "@raftkit/core";
import { decodeMessage, messageHeader, messagePayload } from "@raftkit/core";

export function writeFrame(codec: Codec, message: Message): Uint8Array {
  const header = codec.encode(messageHeader(message));
  const payload = messagePayload(message);
  const frame = new Uint8Array(4 + header.length + payload.reduce((sum, part) => sum + part.length, 0));
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, 4);
  let at = 4 + header.length;
  for (const part of payload) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** @returns undefined for what is no message */
export function readFrame(codec: Codec, frame: Uint8Array): Message | undefined {
  if (frame.length < 4) return undefined;
  const end = 4 + new DataView(frame.buffer, frame.byteOffset, 4).getUint32(0, true);
  if (end > frame.length) return undefined;
  try {
    return decodeMessage(codec.decode(frame.subarray(4, end)), frame.subarray(end));
  } catch {
    return undefined;
  }
}

/** A message in a few words. */
export function describe(message: Message | undefined): string {
  if (message === undefined) return "not a message";
  const { type, to: _, ...fields } = message;
  const words = Object.entries(fields).map(([name, value]) => {
    if (name === "entries") return `entries=${[value].flat().map((run: { firstIndex: number; count: number }) => `${run.firstIndex}+${run.count}`).join(",")}`;
    return `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
  });
  return `${type} ${words.join(" ")}`;
}
