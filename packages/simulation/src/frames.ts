// Messages as frames, for code that observes, selects or forges them.
import type { Codec, Message } from "@raftkit/core";
import { encodeFrame } from "@raftkit/core";
import { joined } from "./bytes.js";

/** A whole frame in one piece. */
export function writeFrame(codec: Codec, message: Message): Uint8Array {
  return joined(encodeFrame(codec, message));
}

/** A message in a few words. */
export function describeMessage(message: Message | undefined): string {
  if (message === undefined) return "not a message";
  const { type, to: _, ...fields } = message;
  const words = Object.entries(fields).map(([name, value]) => {
    if (name === "entries") {
      return `entries=${[value]
        .flat()
        .map((run: { firstIndex: number; count: number }) => `${run.firstIndex}+${run.count}`)
        .join(",")}`;
    }
    return `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
  });
  return `${type} ${words.join(" ")}`;
}
