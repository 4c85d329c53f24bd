// Reads JSON text back. The bytes may come from anybody: bad UTF-8, numbers that would lose digits,
// too deep nesting and objects that start with the reserved key without being bytes are refused;
// prototypes are never touched.
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import { fromBase64 } from "./base64.js";
import { BYTES_KEY, ESCAPE, MAX_DEPTH, describePath } from "./limits.js";
import { findInexactNumber } from "./numbers.js";

/** What JSON.parse returns. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function decode(bytes: Uint8Array): CodecValue {
  const { text, json } = parse(bytes);
  const value = restore(json, []);
  const inexact = findInexactNumber(text);
  return inexact === undefined
    ? value
    : refuse(`the number ${inexact.slice(0, 40)} has more digits than a double can hold`);
}

function parse(bytes: Uint8Array): { text: string; json: Json } {
  try {
    // A byte order mark is kept, so that JSON.parse refuses it.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, json: JSON.parse(text) as Json };
  } catch (cause) {
    return refuse(`${bytes.length} bytes are not one JSON text in UTF-8`, cause);
  }
}

/** Turns what was parsed back into the value, in place where possible. */
function restore(json: Json, trail: (string | number)[]): CodecValue {
  if (typeof json === "number" && !Number.isFinite(json)) {
    return refuse(`a number that is not finite at ${describePath(trail)}`);
  }
  if (typeof json !== "object" || json === null) return json;
  if (!Array.isArray(json) && Object.hasOwn(json, BYTES_KEY)) return restoreBytes(json, trail);
  if (trail.length === MAX_DEPTH) {
    return refuse(`more than ${MAX_DEPTH} nested arrays and objects`);
  }
  if (!Array.isArray(json)) return restoreObject(json, trail);
  return json.map((item, i) => {
    trail.push(i);
    const value = restore(item, trail);
    trail.pop();
    return value;
  });
}

function restoreBytes(
  json: { readonly [key: string]: Json },
  trail: readonly (string | number)[],
): Uint8Array {
  const text = json[BYTES_KEY];
  const bytes =
    typeof text === "string" && Object.keys(json).length === 1 ? fromBase64(text) : undefined;
  return (
    bytes ??
    refuse(`"${BYTES_KEY}" without base64, or beside other keys, at ${describePath(trail)}`)
  );
}

function restoreObject(
  json: { readonly [key: string]: Json },
  trail: (string | number)[],
): CodecValue {
  const object: Record<string, CodecValue> = {};
  for (const [written, item] of Object.entries(json)) {
    const escaped = written.startsWith(ESCAPE);
    if (escaped && !written.startsWith(ESCAPE, 1)) {
      refuse(
        `the key ${JSON.stringify(written).slice(0, 80)}, which should start with ${ESCAPE}${ESCAPE}, at ${describePath(trail)}`,
      );
    }
    const key = escaped ? written.slice(1) : written;
    trail.push(key);
    const value = restore(item, trail);
    trail.pop();
    if (key === "__proto__") {
      Object.defineProperty(object, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else object[key] = value;
  }
  return object;
}

function refuse(what: string, cause?: unknown): never {
  throw new RaftkitError(
    "CODEC_DECODE",
    `can't decode: ${what}; the bytes are damaged or another codec wrote them`,
    { cause },
  );
}
