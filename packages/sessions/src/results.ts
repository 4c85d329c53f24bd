// Results in their stored form: encoded, so that they can't be changed and their size is known.
import type { Codec } from "@raftkit/core";
import type { Kept } from "./table.js";
import { hashNumbers, hashValue } from "./value-hash.js";

const NOTHING = new Uint8Array(0);
const NOT_KEPT = -1;

/** What is kept of a command: its result, or only that it was executed. */
export function keptResult(
  codec: Codec,
  maxBytes: number,
  number: number,
  fingerprint: number,
  result: unknown,
): Kept {
  const bytes = encodedResult(codec, maxBytes, result);
  const ofResult = bytes ? hashValue(result) : NOT_KEPT;
  return { fingerprint, bytes, hash: hashNumbers(number, fingerprint, ofResult) | 0 };
}

/**
 * A result that can't be encoded is the same one on every node; it must not stop them all, at each
 * replay again.
 */
function encodedResult(codec: Codec, maxBytes: number, result: unknown): Uint8Array | null {
  if (result === undefined) return NOTHING;
  try {
    const encoder: { encode(value: unknown): Uint8Array } = codec;
    const bytes = encoder.encode(result);
    return bytes.length <= maxBytes ? bytes : null;
  } catch {
    return null;
  }
}

export function decodedResult(codec: Codec, bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : codec.decode(bytes);
}

/** What was kept, from a snapshot. @throws what the codec does */
export function restoredResult(
  codec: Codec,
  number: number,
  fingerprint: number,
  bytes: Uint8Array | null,
): Kept {
  const ofResult = bytes ? hashValue(decodedResult(codec, bytes)) : NOT_KEPT;
  return { fingerprint, bytes, hash: hashNumbers(number, fingerprint, ofResult) | 0 };
}
