// A right codec that is easy to make wrong: a tag, a length of four bytes and the content. Each
// part can be replaced by one that has a fault; without replacements it passes the suite.
import { RaftkitError } from "@raftkit/core";
import type { Codec, CodecValue } from "@raftkit/core";
import { joined } from "../../src/bytes.js";
import { refusablePlaces } from "../../src/codec/values.js";

const [NULL, FALSE, TRUE, NUMBER, STRING, BYTES, ARRAY, OBJECT] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

export interface Toy {
  readonly name: string;
  readonly levelsMax: { readonly encode: number; readonly decode: number };
  /** A number as 8 bytes, and back. */
  readonly number: {
    readonly write: (value: number) => Uint8Array;
    readonly read: (bytes: Uint8Array) => number;
  };
  /** A string as bytes, and back. */
  readonly text: {
    readonly write: (value: string) => Uint8Array;
    readonly read: (bytes: Uint8Array) => string;
  };
  readonly length: {
    readonly write: (length: number) => Uint8Array;
    readonly read: (bytes: Uint8Array) => number;
  };
  /** How many items an array claims to have. */
  readonly count: (items: number) => number;
  /** The bytes that are written for a byte array, and what is made of those that were read. */
  readonly bytes: {
    readonly write: (value: Uint8Array) => Uint8Array;
    readonly read: (bytes: Uint8Array) => Uint8Array;
  };
  readonly item: (array: readonly unknown[], i: number) => unknown;
  readonly membersOf: (object: object) => readonly (readonly [string, unknown])[];
  readonly objectFrom: (members: readonly [string, CodecValue][]) => CodecValue;
  /** For values of types that nothing is written for. */
  readonly stranger: (value: unknown) => CodecValue;
  readonly isPlain: (object: object) => boolean;
  /** What is written may begin with what an earlier value left. */
  readonly start: () => Uint8Array[];
  readonly finish: (chunks: readonly Uint8Array[]) => Uint8Array;
  /** A view of the input, which `count` bytes must be left of. */
  readonly take: (bytes: Uint8Array, at: number, count: number) => Uint8Array;
  readonly prepare: (bytes: Uint8Array) => Uint8Array;
  readonly atEnd: (left: number) => void;
  readonly unknownTag: (tag: number) => CodecValue;
}

export function refuse(what: string): never {
  throw new RaftkitError("TOY_REFUSED", `can't: ${what}`);
}

const right: Toy = {
  name: "toy",
  levelsMax: { encode: 64, decode: 64 },
  number: {
    write: (value) =>
      new Uint8Array(
        new Float64Array([Number.isFinite(value) ? value : refuse("not finite")]).buffer,
      ),
    read: (bytes) => finite(new Float64Array(bytes.slice().buffer)[0] ?? 0),
  },
  text: {
    write: toUnits,
    read: (bytes) =>
      fromUnits(
        bytes.length % 2 === 0 ? new Uint16Array(bytes.slice().buffer) : refuse("half a unit"),
      ),
  },
  length: {
    write: (length) => Uint8Array.of(length, length >>> 8, length >>> 16, length >>> 24),
    read: (bytes) =>
      (((bytes[3] ?? 0) << 24) |
        ((bytes[2] ?? 0) << 16) |
        ((bytes[1] ?? 0) << 8) |
        (bytes[0] ?? 0)) >>>
      0,
  },
  count: (items) => items,
  bytes: { write: (value) => value, read: (bytes) => Uint8Array.from(bytes) },
  item: (array, i) => array[i],
  membersOf: (object) => Object.entries(object),
  objectFrom: (members) =>
    new Set(members.map(([key]) => key)).size === members.length
      ? Object.fromEntries(members)
      : refuse("a key twice"),
  stranger: (value) => refuse(`a ${typeof value}`),
  isPlain: (object) =>
    [Object.prototype, null].includes(Object.getPrototypeOf(object) as object | null),
  start: () => [],
  finish: joined,
  take: (bytes, at, count) =>
    at + count <= bytes.length ? bytes.subarray(at, at + count) : refuse("bytes are missing"),
  prepare: (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), // a Buffer's slice() would be no copy
  atEnd: (left) => {
    if (left > 0) refuse("bytes too many");
  },
  unknownTag: () => refuse("an unknown tag"),
};

/** @param faults the parts that are wrong */
export function createToyCodec(faults: Partial<Toy> = {}): Codec {
  const toy = { ...right, ...faults };
  return { name: toy.name, encode: createWriter(toy), decode: createReader(toy) };
}

/** As right as the other: what a codec may refuse is refused by name, in both directions. */
export function createRefusingCodec(faults: Partial<Toy> = {}): Codec {
  const toy = createToyCodec(faults);
  const refuseIn = (value: CodecValue, code: string): void => {
    for (const place of refusablePlaces(value)) {
      throw new RaftkitError(code, `can't carry what is at ${place}`);
    }
  };
  return {
    ...toy,
    encode(value) {
      const bytes = toy.encode(value); // first of all, since it refuses what has no end
      refuseIn(value, "CODEC_ENCODE");
      return bytes;
    },
    decode(bytes) {
      const value = toy.decode(bytes);
      refuseIn(value, "CODEC_DECODE");
      return value;
    },
  };
}

function createWriter(toy: Toy): (value: CodecValue) => Uint8Array {
  function write(value: unknown, chunks: Uint8Array[], levels: number): void {
    const tagged = (tag: number, content: Uint8Array): void =>
      void chunks.push(Uint8Array.of(tag), toy.length.write(content.length), content);
    if (value === null) chunks.push(Uint8Array.of(NULL));
    else if (typeof value === "boolean") chunks.push(Uint8Array.of(value ? TRUE : FALSE));
    else if (typeof value === "number") chunks.push(Uint8Array.of(NUMBER), toy.number.write(value));
    else if (typeof value === "string") tagged(STRING, toy.text.write(value));
    else if (value instanceof Uint8Array) tagged(BYTES, toy.bytes.write(value));
    else if (typeof value !== "object") write(toy.stranger(value), chunks, levels);
    else if (levels >= toy.levelsMax.encode) refuse("too deep");
    else if (Array.isArray(value)) {
      const count = toy.count(value.length);
      chunks.push(Uint8Array.of(ARRAY), toy.length.write(count));
      for (let i = 0; i < count; i++) write(toy.item(value, i), chunks, levels + 1);
    } else {
      if (!toy.isPlain(value)) refuse("an instance");
      const members = toy.membersOf(value);
      chunks.push(Uint8Array.of(OBJECT), toy.length.write(members.length));
      for (const [key, member] of members) {
        const content = toy.text.write(key);
        chunks.push(toy.length.write(content.length), content);
        write(member, chunks, levels + 1);
      }
    }
  }
  return (value) => {
    const chunks = toy.start();
    write(value, chunks, 0);
    return toy.finish(chunks.splice(0));
  };
}

function createReader(toy: Toy): (bytes: Uint8Array) => CodecValue {
  return (given) => {
    const bytes = toy.prepare(given);
    let at = 0;
    const take = (count: number): Uint8Array => {
      const taken = toy.take(bytes, at, count);
      at += count;
      return taken;
    };
    const takeLength = (): number => toy.length.read(take(4));
    function read(levels: number): CodecValue {
      const tag = take(1)[0];
      switch (tag) {
        case NULL:
          return null;
        case FALSE:
          return false;
        case TRUE:
          return true;
        case NUMBER:
          return toy.number.read(take(8));
        case STRING:
          return toy.text.read(take(takeLength()));
        case BYTES:
          return toy.bytes.read(take(takeLength()));
        case ARRAY:
        case OBJECT: {
          const length = takeLength();
          if (levels >= toy.levelsMax.decode) refuse("too deep");
          if (length > bytes.length - at) refuse("items are missing");
          const items: [string, CodecValue][] = [];
          for (let i = 0; i < length; i++) {
            items.push([tag === OBJECT ? toy.text.read(take(takeLength())) : "", read(levels + 1)]);
          }
          return tag === OBJECT ? toy.objectFrom(items) : items.map(([, item]) => item);
        }
        default:
          return toy.unknownTag(tag ?? 0);
      }
    }
    const value = read(0);
    toy.atEnd(bytes.length - at);
    return value;
  };
}

function toUnits(text: string): Uint8Array {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return new Uint8Array(units.buffer);
}

function fromUnits(units: Uint16Array): string {
  let text = "";
  for (let at = 0; at < units.length; at += 1000) {
    text += String.fromCharCode(...units.subarray(at, at + 1000));
  }
  return text;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : refuse("not finite");
}
