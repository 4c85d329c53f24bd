// Codecs that are wrong in one way each, as a colleague might write them, and the case that names
// this way.
import { RaftkitError } from "@raftkit/core";
import type { Codec, CodecValue } from "@raftkit/core";
import { joined } from "../../src/bytes.js";
import { createToyCodec, refuse } from "../codec/toy.js";
import type { Toy } from "../codec/toy.js";
import type { Wrong } from "../support/caught.js";

const utf8 = { write: (text: string): Uint8Array => new TextEncoder().encode(text) };
const readUtf8 = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
const refuseByName = (what: string, place: string): never => {
  throw new RaftkitError("CODEC_ENCODE", `can't encode ${what} at ${place}`);
};
/** Strings as in JSON: halves of surrogate pairs are escaped. */
const escaped = {
  write: (text: string): Uint8Array => utf8.write(JSON.stringify(text).slice(1, -1)),
  parse: (text: string): string => String(JSON.parse(`"${text}"`)),
};

/** A fresh codec for each case, with state of its own where the fault needs some. */
function wrong(
  caughtBy: string,
  name: string,
  message: RegExp,
  faults: () => Partial<Toy> | { readonly codec: Codec },
): Wrong<Codec> {
  const create = (): Codec => {
    const fault = faults();
    return "codec" in fault ? fault.codec : createToyCodec(fault);
  };
  return { caughtBy, message, target: { name, capabilities: ["deterministic"], create } };
}

const wrongOnTheWay: readonly Wrong<Codec>[] = [
  wrong("CODEC-01", "a name with a capital and a space", /My Codec/, () => ({ name: "My Codec" })),
  wrong("CODEC-02", "an encoding that is an ArrayBuffer", /gives a Uint8Array/, () => ({
    finish: (chunks) => Object(joined(chunks).buffer) as Uint8Array,
  })),
  wrong("CODEC-03", "integers in 32 bits", /expected 2147483648, got -2147483648/, () => ({
    number: {
      write: (value) => createNumbers().write(Number.isSafeInteger(value) ? value | 0 : value),
      read: createNumbers().read,
    },
  })),
  wrong("CODEC-04", "fractions in 32 bits", /expected 0.1, got 0.1000000014/, () => ({
    number: {
      write: (value) =>
        createNumbers().write(Number.isSafeInteger(value) ? value : Math.fround(value)),
      read: createNumbers().read,
    },
  })),
  wrong("CODEC-05", "a byte order mark that is refused anywhere", /was refused by encode/, () => ({
    text: {
      write: (text) => (text.includes("\ufeff") ? refuseByName("a mark", "$") : utf8.write(text)),
      read: readUtf8,
    },
  })),
  wrong("CODEC-05", "all that isn't ASCII is refused", /was refused by encode/, () => ({
    text: {
      write: (text) => (/[^\0-\x7f]/.test(text) ? refuseByName("a letter", "$") : utf8.write(text)),
      read: readUtf8,
    },
  })),
  wrong("CODEC-05", "strings in a normal form", /came back changed/, () => ({
    text: {
      ...utf8,
      read: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).normalize(),
    },
  })),
  wrong("CODEC-06", "strings as plain UTF-8", /came back changed.*\\u/, () => ({
    text: { ...utf8, read: readUtf8 },
  })),
  wrong("CODEC-06", "a TextDecoder that eats the byte order mark", /\{feff\}.* came back/s, () => ({
    text: { ...escaped, read: (bytes) => escaped.parse(new TextDecoder().decode(bytes)) },
  })),
  wrong("CODEC-06", "a byte order mark that long strings lose", /xxx.* came back changed/s, () => ({
    text: {
      ...escaped,
      read: (bytes) =>
        escaped.parse(bytes.length > 64 ? new TextDecoder().decode(bytes) : readUtf8(bytes)),
    },
  })),
  wrong("CODEC-06", "a refusal without a code of its own", /not by .*TypeError/s, () => ({
    text: {
      write: (text) => {
        if (/\p{Surrogate}/u.test(text)) throw new TypeError("$, $[0], $.a, $[1].a");
        return utf8.write(text);
      },
      read: readUtf8,
    },
  })),
  wrong("CODEC-06", "a refusal with another code", /the code CODEC_ENCODE/, () => ({
    text: {
      write: (text) => (/\p{Surrogate}/u.test(text) ? refuse("half at $") : utf8.write(text)),
      read: readUtf8,
    },
  })),
  wrong("CODEC-06", "a refusal that doesn't tell where", /names the place \(\$\[0\]\)/, () => ({
    text: {
      write: (text) =>
        /\p{Surrogate}/u.test(text) ? refuseByName("half a pair", "$") : utf8.write(text),
      read: readUtf8,
    },
  })),
  wrong("CODEC-07", "bytes only up to 65,535", /65536 bytes/, () => ({
    bytes: { write: (value) => value.subarray(0, 0xffff), read: (bytes) => Uint8Array.from(bytes) },
  })),
  wrong("CODEC-08", "the buffer instead of the view", /the middle of a buffer/, () => ({
    bytes: {
      write: (value) => new Uint8Array(value.buffer),
      read: (bytes) => Uint8Array.from(bytes),
    },
  })),
  wrong("CODEC-09", "bytes that come back as Buffers", /not as .*Buffer/s, () => ({
    bytes: { write: (value) => value, read: (bytes) => Buffer.from(bytes) },
  })),
  wrong("CODEC-10", "no more than 16 levels", /32 levels was refused by encode/, () => ({
    levelsMax: { encode: 16, decode: 16 },
  })),
  wrong("CODEC-11", "members that are assigned", /__proto__/, () => ({ objectFrom: assigned })),
  wrong("CODEC-11", "a __proto__ that is left out", /__proto__.* came back changed/, () => ({
    membersOf: (object) => Object.entries(object).filter(([key]) => key !== "__proto__"),
  })),
  wrong("CODEC-11", "a __proto__ with another name", /got '__proto_'/, () => ({
    membersOf: (object) =>
      Object.entries(object).map(([key, value]) => [key.replace(/^__proto__$/, "__proto_"), value]),
  })),
  wrong("CODEC-11", "a constructor that is refused, too", /was refused by encode/, () => ({
    membersOf: (object) =>
      Object.hasOwn(object, "constructor")
        ? refuseByName("the key constructor", "$")
        : Object.entries(object),
  })),
  wrong("CODEC-11", "a __proto__ that is refused without its place", /\(\$\[1\]\)/, () => ({
    membersOf: (object) =>
      Object.hasOwn(object, "__proto__")
        ? refuseByName("the key __proto__", "$")
        : Object.entries(object),
  })),
  wrong("CODEC-12", "keys in alphabetical order", /expected the key 'b', got 'a'/, () => ({
    membersOf: (object) => Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  })),
  wrong(
    "CODEC-13",
    "objects with $bytes that come back as bytes",
    /came back changed.*got Uint8Array/s,
    () => ({
      objectFrom: (members) => {
        const bytes = members.find(([key]) => key === "$bytes")?.[1];
        return typeof bytes === "string"
          ? new Uint8Array(Buffer.from(bytes, "base64"))
          : Object.fromEntries(members);
      },
    }),
  ),
  wrong("CODEC-14", "a counter in front", /a value that was encoded again/, () => {
    let count = 0;
    const right = createToyCodec();
    return {
      codec: {
        ...right,
        encode: (value) => joined([Uint8Array.of(count++ & 0xff), right.encode(value)]),
        decode: (bytes) => right.decode(bytes.subarray(1)),
      },
    };
  }),
];

const wrongOwners: readonly Wrong<Codec>[] = [
  wrong("CODEC-15", "a reader of the whole buffer", /in the middle of a buffer/, () => ({
    prepare: (bytes) => (bytes.length > 0 ? new Uint8Array(bytes.buffer, 0, bytes.length) : bytes),
  })),
  wrong("CODEC-16", "one buffer for all encodings", /after others were made/, () => {
    const buffer = new Uint8Array(4096);
    return {
      finish: (chunks) => {
        const whole = joined(chunks);
        if (whole.length > buffer.length) return whole;
        buffer.set(whole);
        return buffer.subarray(0, whole.length);
      },
    };
  }),
  wrong("CODEC-17", "encodings that are remembered", /written to/, () => {
    const known = new Map<string, Uint8Array>();
    return {
      finish: (chunks) => {
        const whole = joined(chunks);
        const text = Buffer.from(whole).toString("base64");
        if (!known.has(text)) known.set(text, whole);
        return known.get(text) ?? whole;
      },
    };
  }),
  wrong(
    "CODEC-18",
    "byte arrays that are remembered by identity",
    /changed and encoded again/,
    () => {
      const known = new WeakMap<Uint8Array, Uint8Array>();
      return {
        bytes: {
          write: (value) => {
            const copy = known.get(value) ?? Uint8Array.from(value);
            known.set(value, copy);
            return copy;
          },
          read: (bytes) => Uint8Array.from(bytes),
        },
      };
    },
  ),
  wrong("CODEC-19", "bytes that are views of the input", /which then changed/, () => ({
    bytes: { write: (value) => value, read: (bytes) => bytes },
  })),
  wrong("CODEC-19", "Buffer.slice for a copy", /which then changed/, () => ({
    bytes: {
      write: (value) => value,
      read: (bytes) =>
        new Uint8Array(
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).buffer,
          bytes.byteOffset,
          bytes.length,
        ),
    },
  })),
  wrong(
    "CODEC-20",
    "one scratch buffer for what is decoded",
    /isn't changed by writing to another/,
    () => {
      const scratch = new Uint8Array(1_000_000);
      let at = 0;
      return {
        prepare: (bytes) => {
          at = 0;
          return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
        },
        bytes: {
          write: (value) => value,
          read: (bytes) => {
            scratch.set(bytes, at);
            at += bytes.length;
            return scratch.subarray(at - bytes.length, at);
          },
        },
      };
    },
  ),
  wrong("CODEC-21", "numbers turned around in place", /bytes that were decoded/, () => ({
    number: {
      write: (value) => createNumbers().write(value).reverse(),
      read: (bytes) => createNumbers().read(bytes.reverse()),
    },
  })),
  wrong("CODEC-21", "keys sorted in place", /tries to change it|that was encoded/, () => ({
    membersOf: (object) => {
      Object.assign(object, { ...object });
      return Object.entries(object);
    },
  })),
  wrong("CODEC-41", "one memory for all that is borrowed", /what was borrowed, after more/, () => ({
    codec: borrowing((value, bytes, memory) => {
      if (!(value instanceof Uint8Array)) return value;
      memory.set(value);
      return memory.subarray(0, value.length);
    }),
  })),
  wrong(
    "CODEC-41",
    "a mark behind the bytes that are borrowed",
    /32 before and behind them: byte/,
    () => ({
      codec: borrowing((value, bytes) => {
        const { buffer, byteOffset, length } = bytes;
        new Uint8Array(buffer)[byteOffset + length] = 0;
        return value;
      }),
    }),
  ),
  wrong("CODEC-41", "a value that is kept at its bytes", /properties of bytes.*'value'/, () => ({
    codec: borrowing((value, bytes) => {
      Reflect.set(bytes, "value", value);
      return value;
    }),
  })),
  wrong(
    "CODEC-22",
    "chunks that a refused value leaves behind",
    /after others were refused/,
    () => {
      const chunks: Uint8Array[] = [];
      return { start: () => chunks };
    },
  ),
];

const wrongGuards: readonly Wrong<Codec>[] = [
  wrong("CODEC-23", "undefined members that are dropped", /undefined in an object/, () => ({
    membersOf: (object) => Object.entries(object).filter(([, value]) => value !== undefined),
  })),
  wrong("CODEC-23", "bigints as numbers", /a bigint/, () => ({
    stranger: (value) => (typeof value === "bigint" ? Number(value) : refuse("a stranger")),
  })),
  wrong("CODEC-24", "NaN as 0", /NaN/, () => ({
    number: {
      write: (value) => createNumbers().write(Number.isNaN(value) ? 0 : value),
      read: createNumbers().read,
    },
  })),
  wrong("CODEC-25", "holes as null", /a hole/, () => ({
    item: (array, i) => (i in array ? array[i] : null),
  })),
  wrong("CODEC-26", "instances as plain objects", /a Date/, () => ({ isPlain: () => true })),
  wrong("CODEC-27", "no bound on depth when it encodes", /RangeError/, () => ({
    levelsMax: { encode: Infinity, decode: 64 },
  })),
  wrong("CODEC-28", "missing bytes that read as zeros", /the first \d+ of \d+ bytes/, () => ({
    take: (bytes, at, count) =>
      bytes.length === 0 || count > 400_000
        ? refuse("nothing, or too much")
        : at + count <= bytes.length
          ? bytes.subarray(at, at + count)
          : joined([bytes.subarray(at), new Uint8Array(at + count - bytes.length)]),
  })),
  wrong("CODEC-29", "bytes behind the end that are ignored", /behind it/, () => ({
    atEnd: () => undefined,
  })),
  wrong("CODEC-30", "an unknown tag that is undefined", /which is no value/, () => ({
    unknownTag: () => ([] as CodecValue[])[0] as CodecValue,
  })),
  wrong("CODEC-30", "an error of the platform's for an unknown tag", /got TypeError/, () => ({
    unknownTag: (tag) => {
      throw new TypeError(`tag ${tag}`);
    },
  })),
  wrong("CODEC-31", "no bound on depth when it decodes", /RangeError/, () => ({
    levelsMax: { encode: 64, decode: Infinity },
  })),
  wrong("CODEC-32", "memory for what a length claims", /bytes of memory/, () => ({
    take: (bytes, at, count) => {
      const copy = new Uint8Array(Math.min(count, 64 * 2 ** 20));
      if (at + count > bytes.length) refuse("bytes are missing");
      copy.set(bytes.subarray(at, at + count));
      return copy;
    },
  })),
  wrong(
    "CODEC-33",
    "16 bits for the length of an array",
    /an array of 65536 came back changed/,
    () => ({ count: (items) => items & 0xffff }),
  ),
];

export const wrongCodecs: readonly Wrong<Codec>[] = [
  ...wrongOnTheWay,
  ...wrongOwners,
  ...wrongGuards,
];

/** @param borrowed what is made of a value that was decoded to be borrowed */
function borrowing(
  borrowed: (value: CodecValue, bytes: Uint8Array, memory: Uint8Array) => CodecValue,
): Codec {
  const right = createToyCodec();
  const memory = new Uint8Array(2 ** 20);
  return {
    ...right,
    decode(bytes, borrow) {
      const value = right.decode(bytes);
      return borrow === true ? borrowed(value, bytes, memory) : value;
    },
  };
}

function createNumbers(): Toy["number"] {
  return {
    write: (value) =>
      Number.isFinite(value)
        ? new Uint8Array(new Float64Array([value]).buffer)
        : refuse("not finite"),
    read: (bytes) => {
      const value = new Float64Array(bytes.slice().buffer)[0] ?? 0;
      return Number.isFinite(value) ? value : refuse("not finite");
    },
  };
}

function assigned(members: readonly [string, CodecValue][]): CodecValue {
  const object: Record<string, CodecValue> = {};
  for (const [key, value] of members) object[key] = value;
  return Object.keys(object).length === members.length ||
    members.some(([key]) => key === "__proto__")
    ? object
    : refuse("a key twice");
}
