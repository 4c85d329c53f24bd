// Writes values as MessagePack: nil, booleans, numbers, str, bin, arrays and maps with string keys,
// no extensions. It must never let two results share bytes, and never write what `decode` would
// refuse or change.
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import { MAX_DEPTH, describePath } from "./limits.js";
import { createNumberWriter, putLength } from "./numbers.js";
import { utf8Length, writeUtf8 } from "./strings.js";

/**
 * Small results are pieces of a common allocation of this size: an allocation of its own costs more
 * than the encoding.
 */
const SLAB_BYTES = 8192;
/** Larger results get their own bytes, so that keeping one keeps little else alive. */
const SLAB_RESULT_BYTES = 512;

/** One encoder, with its slab. */
export function createEncoder(): (value: CodecValue) => Uint8Array {
  let slab = new Uint8Array(SLAB_BYTES);
  let slabAt = 0;
  let out = slab;
  let start = 0;
  let at = 0;
  let depth = 0;
  let busy = false;
  const trail: (string | number)[] = [];
  const putNumber = createNumberWriter();

  function reserve(bytes: number): void {
    if (at + bytes <= out.length) return;
    const used = at - start;
    const bigger = new Uint8Array(Math.max(SLAB_BYTES, 2 * used, used + bytes + 64));
    bigger.set(out.subarray(start, at));
    out = bigger;
    if (bigger.length === SLAB_BYTES) {
      slab = bigger;
      slabAt = 0;
    }
    start = 0;
    at = used;
  }

  function refuse(what: string): never {
    throw new RaftkitError(
      "CODEC_ENCODE",
      `can't encode ${what} at ${describePath(trail.slice(0, depth))}: a value is made of null, booleans, finite numbers, strings, Uint8Arrays, arrays and plain objects`,
    );
  }

  function writeLength(length: number, marker8: number, marker16: number): void {
    reserve(5);
    if (length >= 0x100000000) refuse(`${length} bytes or elements`);
    at = putLength(out, at, length, marker8, marker16);
  }

  function writeNumber(value: number): void {
    reserve(9);
    const end = putNumber(out, at, value);
    if (end < 0) refuse(String(value));
    at = end;
  }

  function writeString(text: string): void {
    const units = text.length;
    if (units < 32) {
      reserve(units + 1);
      let i = 0;
      for (; i < units; i++) {
        const unit = text.charCodeAt(i);
        if (unit >= 0x80) break;
        out[at + 1 + i] = unit;
      }
      if (i === units) {
        out[at] = 0xa0 | units;
        at += units + 1;
        return;
      }
    }
    const length = utf8Length(text);
    if (length < 32) {
      reserve(1);
      out[at++] = 0xa0 | length;
    } else writeLength(length, 0xd9, 0xda);
    reserve(length);
    writeUtf8(text, length, out, at);
    at += length;
  }

  function writeBytes(bytes: Uint8Array): void {
    writeLength(bytes.length, 0xc4, 0xc5);
    reserve(bytes.length);
    out.set(bytes, at);
    at += bytes.length;
  }

  function enter(): void {
    if (depth === MAX_DEPTH) {
      refuse(`more than ${MAX_DEPTH} arrays and objects inside one another (or a cycle)`);
    }
    depth++;
  }

  function writeArray(array: readonly CodecValue[]): void {
    const { length } = array;
    enter();
    if (length < 16) {
      reserve(1);
      out[at++] = 0x90 | length;
    } else writeLength(length, 0, 0xdc);
    for (let i = 0; i < length; i++) {
      trail[depth - 1] = i;
      write(array[i]);
    }
    depth--;
  }

  function writeObject(object: object): void {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null) {
      refuse(`an instance of ${className(object)}`);
    }
    const members = Object.entries(object);
    enter();
    if (members.length < 16) {
      reserve(1);
      out[at++] = 0x80 | members.length;
    } else writeLength(members.length, 0, 0xde);
    for (const [key, value] of members) {
      trail[depth - 1] = key;
      writeString(key);
      write(value);
    }
    depth--;
  }

  function write(value: unknown): void {
    if (typeof value === "number") writeNumber(value);
    else if (typeof value === "string") writeString(value);
    else if (typeof value === "boolean") {
      reserve(1);
      out[at++] = value ? 0xc3 : 0xc2;
    } else if (value === null) {
      reserve(1);
      out[at++] = 0xc0;
    } else if (typeof value !== "object") {
      refuse(value === undefined ? "undefined" : `a ${typeof value}`);
    } else if (Array.isArray(value)) writeArray(value);
    else if (value instanceof Uint8Array) writeBytes(value);
    else writeObject(value);
  }

  /** Hands out what was written; nothing is ever written there again. */
  function finish(): Uint8Array {
    const length = at - start;
    if (out === slab && length <= SLAB_RESULT_BYTES) {
      slabAt = at;
      return new Uint8Array(out.buffer, start, length);
    }
    return out !== slab && length >= out.length * 0.75
      ? out.subarray(0, length)
      : out.slice(start, at);
  }

  return function encode(value) {
    if (busy) return createEncoder()(value); // a getter inside the value called back
    busy = true;
    depth = 0;
    out = slab;
    start = at = slabAt;
    try {
      write(value);
      return finish();
    } finally {
      busy = false;
      out = slab; // lets go of a large one
    }
  };
}

function className(object: object): string {
  const constructor: unknown = "constructor" in object ? object.constructor : undefined;
  return typeof constructor === "function" && constructor.name !== ""
    ? constructor.name
    : "a class";
}
