// Reads MessagePack back. The bytes may come from anybody: nothing is allocated for a length before
// the bytes for it are there, nesting is bounded, and what is not a CodecValue (extensions, NaN,
// integers beyond 2^53, doubled keys) is refused.
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import { MAX_DEPTH, describePath } from "./limits.js";
import { createByteCopier, createFloatReader, createTextReader } from "./pieces.js";

/** One decoder, with its slab. */
export function createDecoder(): (bytes: Uint8Array) => CodecValue {
  const nothing = new Uint8Array();
  let bytes: Uint8Array = nothing;
  let at = 0;
  let depth = 0;
  const trail: (string | number)[] = [];
  const textOf = createTextReader();
  const copyOf = createByteCopier();
  const floatOf = createFloatReader();

  function refuse(what: string): never {
    throw new RaftkitError(
      "CODEC_DECODE",
      `can't decode ${bytes.length} bytes: ${what} at byte ${at}, ${describePath(trail.slice(0, depth))}; they are damaged or another codec wrote them`,
    );
  }

  /** Steps over `size` bytes that must be there. @returns where they start */
  function take(size: number): number {
    const from = at;
    if (size > bytes.length - from) refuse(`${size - (bytes.length - from)} bytes are missing`);
    at = from + size;
    return from;
  }

  function readUint(size: number): number {
    let value = 0;
    for (let i = take(size); i < at; i++) value = value * 0x100 + (bytes[i] ?? 0);
    return value;
  }

  function readInt(size: number): number {
    const value = readUint(size);
    const span = 2 ** (8 * size);
    return value < span / 2 ? value : value - span;
  }

  /** Integers that other encoders write in 64 bits, and this one as floats. */
  function readInt64(high: number): number {
    const value = high * 0x100000000 + readUint(4);
    return Number.isSafeInteger(value) ? value : refuse("an integer beyond 2^53");
  }

  function readFloat(size: 4 | 8): number {
    const value = floatOf(bytes, take(size), size);
    return Number.isFinite(value) ? value : refuse("a number that is not finite");
  }

  function readString(length: number): string {
    const from = take(length);
    return textOf(bytes, from, at) ?? refuse("a string that is not UTF-8");
  }

  function readBytes(length: number): Uint8Array {
    const from = take(length);
    return copyOf(bytes, from, at);
  }

  function enter(length: number, bytesEach: number): void {
    if (length * bytesEach > bytes.length - at) {
      refuse(`a length of ${length} that the bytes left can't hold`);
    }
    if (depth === MAX_DEPTH) refuse(`more than ${MAX_DEPTH} arrays and objects inside one another`);
    depth++;
  }

  function readArray(length: number): CodecValue[] {
    enter(length, 1);
    const array: CodecValue[] = [];
    for (let i = 0; i < length; i++) {
      trail[depth - 1] = i;
      array.push(read());
    }
    depth--;
    return array;
  }

  function readObject(length: number): Record<string, CodecValue> {
    enter(length, 2);
    const object: Record<string, CodecValue> = {};
    for (let i = 0; i < length; i++) {
      trail[depth - 1] = i;
      const key = readKey();
      trail[depth - 1] = key;
      if (Object.hasOwn(object, key)) refuse("a key for the second time");
      const value = read();
      if (key === "__proto__") defineOwn(object, key, value);
      else object[key] = value;
    }
    depth--;
    return object;
  }

  function readKey(): string {
    const token = readUint(1);
    if (token >= 0xa0 && token < 0xc0) return readString(token & 0x1f);
    if (token >= 0xd9 && token <= 0xdb) return readString(readUint(1 << (token - 0xd9)));
    return refuse("a key that is not a string");
  }

  function read(): CodecValue {
    if (at >= bytes.length) refuse("1 byte is missing");
    const token = bytes[at++] ?? 0;
    if (token < 0x80) return token;
    if (token < 0x90) return readObject(token & 0x0f);
    if (token < 0xa0) return readArray(token & 0x0f);
    if (token < 0xc0) return readString(token & 0x1f);
    if (token >= 0xe0) return token - 0x100;
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return readBytes(readUint(1 << (token - 0xc4)));
      case 0xca:
        return readFloat(4);
      case 0xcb:
        return readFloat(8);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return readUint(1 << (token - 0xcc));
      case 0xcf:
        return readInt64(readUint(4));
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return readInt(1 << (token - 0xd0));
      case 0xd3:
        return readInt64(readInt(4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return readString(readUint(1 << (token - 0xd9)));
      case 0xdc:
      case 0xdd:
        return readArray(readUint(2 << (token - 0xdc)));
      case 0xde:
      case 0xdf:
        return readObject(readUint(2 << (token - 0xde)));
      default:
        return refuse(token === 0xc1 ? "the unused type 0xc1" : "an extension type");
    }
  }

  return function decode(source) {
    bytes = plainView(source);
    at = 0;
    depth = 0;
    try {
      const value = read();
      if (at < bytes.length) refuse(`${bytes.length - at} bytes too many`);
      return value;
    } finally {
      bytes = nothing; // lets go of the source
    }
  };
}

/** Pieces of a Buffer would be Buffers. */
function plainView(source: Uint8Array): Uint8Array {
  return source.constructor === Uint8Array
    ? source
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

/** Where an assignment would set the prototype. */
function defineOwn(object: object, key: string, value: CodecValue): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
