// Writes values as JSON text. It builds the text itself rather than handing the value to
// JSON.stringify, which would call `toJSON`, drop what it doesn't know and turn NaN into null.
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import { toBase64 } from "./base64.js";
import { BYTES_KEY, ESCAPE, MAX_DEPTH, describePath } from "./limits.js";

export function encode(value: CodecValue): Uint8Array {
  return new TextEncoder().encode(write(value, []));
}

/** `trail` names the place of `value`; its length is the depth. */
function write(value: unknown, trail: (string | number)[]): string {
  if (typeof value === "string") return JSON.stringify(value); // lone surrogates as \ud800: any encoder of text would destroy them
  if (typeof value === "number") {
    return Number.isFinite(value) ? String(value) : refuse(String(value), trail);
  }
  if (typeof value === "boolean" || value === null) return String(value);
  if (typeof value !== "object") {
    return refuse(value === undefined ? "undefined" : `a ${typeof value}`, trail);
  }
  if (value instanceof Uint8Array) return `{"${BYTES_KEY}":"${toBase64(value)}"}`;
  if (trail.length === MAX_DEPTH) {
    return refuse(`more than ${MAX_DEPTH} nested arrays and objects (or a cycle)`, trail);
  }
  return Array.isArray(value) ? writeArray(value, trail) : writeObject(value, trail);
}

function writeArray(array: readonly unknown[], trail: (string | number)[]): string {
  let text = "[";
  for (let i = 0; i < array.length; i++) {
    trail.push(i);
    text += (i > 0 ? "," : "") + write(array[i], trail);
    trail.pop();
  }
  return `${text}]`;
}

function writeObject(object: object, trail: (string | number)[]): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    return refuse(`an instance of ${className(object)}`, trail);
  }
  let text = "";
  for (const [key, value] of Object.entries(object)) {
    trail.push(key);
    text += `${text === "" ? "" : ","}${JSON.stringify(key.startsWith(ESCAPE) ? ESCAPE + key : key)}:${write(value, trail)}`;
    trail.pop();
  }
  return `{${text}}`;
}

function refuse(what: string, trail: readonly (string | number)[]): never {
  throw new RaftkitError(
    "CODEC_ENCODE",
    `can't encode ${what} at ${describePath(trail)}: a value is made of null, booleans, finite numbers, strings, Uint8Arrays, arrays and plain objects`,
  );
}

function className(object: object): string {
  const constructor: unknown = "constructor" in object ? object.constructor : undefined;
  return typeof constructor === "function" && constructor.name !== ""
    ? constructor.name
    : "a class";
}
