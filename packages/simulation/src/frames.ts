// Messages as frames, for those who watch, pick out or forge them.
import type { Codec, Message } from "@raftkit/core";
import { encodeFrame } from "@raftkit/core";

/** A whole frame in one piece. */
export function writeFrame(codec: Codec, message: Message): Uint8Array {
  const parts = encodeFrame(codec, message);
  const frame = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
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
