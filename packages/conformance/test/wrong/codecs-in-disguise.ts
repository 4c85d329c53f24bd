// Codecs that are wrong about what looks like something else: they remember what another process
// doesn't know, take ordinary values for their own markers, cut what is large.
import type { Codec, CodecValue } from "@raftkit/core";
import { joined } from "../../src/bytes.js";
import { createRefusingCodec, createToyCodec, refuse } from "../codec/toy.js";
import type { Toy } from "../codec/toy.js";
import type { Wrong } from "../support/caught.js";

function wrong(
  caughtBy: string,
  name: string,
  message: RegExp,
  faults: () => Partial<Toy> | Codec,
): Wrong<Codec> {
  const create = (): Codec => {
    const fault = faults();
    return "encode" in fault && "decode" in fault ? fault : createToyCodec(fault);
  };
  return { caughtBy, message, target: { name, capabilities: [], create } };
}

const right = createToyCodec();
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const units = {
  write: (text: string): Uint8Array =>
    Uint8Array.from(
      { length: 2 * text.length },
      (_, i) => text.charCodeAt(i >> 1) >> (8 * (i & 1)),
    ),
  read: (bytes: Uint8Array): string => {
    let text = "";
    for (let i = 0; i < bytes.length; i += 2) {
      text += String.fromCharCode((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8));
    }
    return bytes.length % 2 === 0 ? text : refuse("half a unit");
  },
};

/** Strings that came before are written as their number. */
function numbered(isNumbered: (text: string) => boolean): Toy["text"] {
  const known: string[] = [];
  return {
    write: (text) => {
      if (!isNumbered(text)) return Uint8Array.of(0, ...bytesOf(JSON.stringify(text)));
      if (!known.includes(text)) known.push(text);
      return Uint8Array.of(1, ...bytesOf(String(known.indexOf(text))));
    },
    read: (bytes) => {
      const rest = new TextDecoder().decode(bytes.subarray(1));
      try {
        const found: unknown = bytes[0] === 0 ? JSON.parse(rest) : known[Number(rest)];
        return typeof found === "string" ? found : refuse("an unknown string");
      } catch {
        return refuse("a damaged string");
      }
    },
  };
}

/** Byte arrays that came before are written as their number. */
function numberedBytes(): Toy["bytes"] {
  const known: Uint8Array[] = [];
  const isKnown = (value: Uint8Array) => (one: Uint8Array) => Buffer.compare(one, value) === 0;
  return {
    write: (value) => {
      if (value.length !== 20) return joined([Uint8Array.of(0), value]);
      if (!known.some(isKnown(value))) known.push(Uint8Array.from(value));
      return Uint8Array.of(1, known.findIndex(isKnown(value)));
    },
    read: (bytes) =>
      Uint8Array.from(
        bytes[0] === 1 ? (known[bytes[1] ?? 0] ?? refuse("unknown bytes")) : bytes.subarray(1),
      ),
  };
}

/** A record's keys are sent once, as some libraries do. */
function shapesSentOnce(): Codec {
  const sent = new Map<string, number>();
  const come: string[][] = [];
  return {
    ...right,
    encode(value) {
      if (!isRecord(value)) return right.encode([0, value]);
      const keys = Object.keys(value);
      const known = sent.get(keys.join("\n"));
      if (known !== undefined) return right.encode([2, known, Object.values(value)]);
      sent.set(keys.join("\n"), sent.size);
      come.push(keys);
      return right.encode([1, value]);
    },
    decode(bytes) {
      const whole = right.decode(bytes);
      if (!Array.isArray(whole)) return refuse("no envelope");
      const [kind, first, second] = whole as readonly CodecValue[];
      if (kind !== 2) return whole.length === 2 && first !== undefined ? first : refuse("no value");
      const keys = typeof first === "number" ? come[first] : undefined;
      if (keys === undefined || !Array.isArray(second)) return refuse("a record of unknown shape");
      const values = second as readonly CodecValue[];
      return Object.fromEntries(keys.map((key, i) => [key, values[i] ?? null]));
    },
  };
}

function isRecord(value: CodecValue): value is { readonly [key: string]: CodecValue } {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    Object.keys(value).join() === "put,a word that comes again and again,key"
  );
}

/** Shapes inside of an array, where the case has them. */
function shapesInside(): Codec {
  const inner = shapesSentOnce();
  const wrap = (value: CodecValue): CodecValue =>
    Array.isArray(value) && value.length === 4 && isRecord(value[0] as CodecValue)
      ? [inner.encode(value[0] as CodecValue), ...(value as readonly CodecValue[]).slice(1), true]
      : value;
  return {
    ...right,
    encode: (value) => right.encode(wrap(value)),
    decode(bytes) {
      const value = right.decode(bytes);
      if (!Array.isArray(value) || value.length !== 5) return value;
      if (!(value[0] instanceof Uint8Array) || value[4] !== true) return value;
      return [inner.decode(value[0]), ...(value as readonly CodecValue[]).slice(1, 4)];
    },
  };
}

/** Objects with these members come back as bytes. */
function marker(
  isMarker: (object: { readonly [key: string]: CodecValue }) => boolean,
): Partial<Toy> {
  return {
    objectFrom: (members) => {
      const object = Object.fromEntries(members);
      if (members.length !== Object.keys(object).length) refuse("a key twice");
      return isMarker(object) ? new Uint8Array(3) : object;
    },
  };
}

/** It refuses to write `__proto__`, and reads it as something else. */
function readsProto(objectFrom: Toy["objectFrom"]): Codec {
  const text = {
    write: bytesOf,
    read: (bytes: Uint8Array): string =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  };
  return createRefusingCodec({ text, objectFrom });
}

const forgetful: readonly Wrong<Codec>[] = [
  wrong("CODEC-34", "numbers for strings that came before", /another instance encoded/, () => ({
    text: numbered((text) => text.startsWith("a word")),
  })),
  wrong("CODEC-34", "numbers for keys", /another instance encoded/, () => ({
    text: numbered((text) => text === "put"),
  })),
  wrong("CODEC-34", "numbers for bytes that came before", /unknown bytes/, () => ({
    bytes: numberedBytes(),
  })),
  wrong("CODEC-34", "shapes of records that are sent once", /of unknown shape/, shapesInside),
  {
    caughtBy: "CODEC-34",
    message: /it gave the same one twice/,
    target: { name: "one codec for all", capabilities: [], create: () => right },
  },
];

const disguised: readonly Wrong<Codec>[] = [
  wrong("CODEC-35", "what a Buffer's toJSON gives is bytes", /came back changed/, () =>
    marker(({ type, data }) => type === "Buffer" && Array.isArray(data)),
  ),
  wrong("CODEC-35", "an extended JSON's $binary is bytes", /came back changed/, () =>
    marker(({ $binary }) => typeof $binary === "object"),
  ),
  wrong("CODEC-35", "objects with indexes for keys are arrays", /came back changed/, () => ({
    objectFrom: (members) => {
      const keys = members.map(([key]) => key);
      if (new Set(keys).size !== keys.length) refuse("a key twice");
      return keys.length > 1 && keys.every((key, i) => key === String(i))
        ? members.map(([, value]) => value)
        : Object.fromEntries(members);
    },
  })),
  wrong("CODEC-35", "strings like a time are times", /came back changed/, () => ({
    text: {
      ...units,
      read: (bytes) => {
        const text = units.read(bytes);
        return /^\d{4}-\d\d-\d\dT.*Z$/.test(text) ? String(new Date(text).valueOf()) : text;
      },
    },
  })),
  wrong("CODEC-38", "strings up to 1 MiB", /a string of 1048577 characters/, () => ({
    text: { ...units, write: (text) => units.write(text.slice(0, 2 ** 20)) },
  })),
  wrong("CODEC-38", "bytes up to 2 MiB", /3145731 bytes/, () => ({
    bytes: {
      write: (value) => value.subarray(0, 2 * 2 ** 20),
      read: (bytes) => Uint8Array.from(bytes),
    },
  })),
  wrong(
    "CODEC-38",
    "three bytes for a length",
    /was refused by encode|came back changed|refused the bytes/,
    () => ({
      length: {
        write: (length) => Uint8Array.of(length, length >>> 8, (length >>> 16) & 0x3f, 0),
        read: (bytes) => (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16),
      },
    }),
  ),
  wrong(
    "CODEC-39",
    "items spread into a call",
    /200000 was refused by encode|an array of 200000/,
    () => ({
      count: (items) => (items > 125_000 ? refuse("Maximum call stack size exceeded") : items),
    }),
  ),
  wrong("CODEC-36", "keys in a normal form", /came back changed|a key twice/, () => ({
    membersOf: (object) =>
      Object.entries(object).map(([key, value]) => [
        key === "\u212b" ? key.normalize() : key,
        value,
      ]),
  })),
  wrong("CODEC-36", "line ends as one character", /came back changed|a key twice/, () => ({
    text: { ...units, write: (text) => units.write(text.replace(/^(\w)\r\n$/, "$1\n")) },
  })),
  wrong("CODEC-36", "percent signs that are decoded", /came back changed|a key twice/, () => ({
    text: { ...units, read: (bytes) => units.read(bytes).replaceAll("%61", "a") },
  })),
  wrong("CODEC-40", "a __proto__ that is read as another key", /got '__proto_'/, () =>
    readsProto((members) =>
      Object.fromEntries(
        members.map(([key, value]) => [key === "__proto__" ? "__proto_" : key, value]),
      ),
    ),
  ),
  wrong("CODEC-40", "a __proto__ that is read as the prototype", /__proto__ key came back/, () =>
    readsProto((members) => {
      const object: Record<string, CodecValue> = {};
      for (const [key, value] of members) object[key] = value;
      return object;
    }),
  ),
  wrong("CODEC-40", "a __proto__ that ends in a platform's error", /got TypeError/, () =>
    readsProto((members) => {
      if (members.some(([key]) => key === "__proto__")) throw new TypeError("__proto__");
      return Object.fromEntries(members);
    }),
  ),
  wrong("CODEC-37", "boxed primitives for what is in them", /encode\(a boxed number\)/, () => ({
    isPlain: (object) =>
      [Object.prototype, null, Number.prototype].includes(
        Object.getPrototypeOf(object) as object | null,
      ),
  })),
  wrong("CODEC-37", "a URL as its address", /encode\(a URL\)/, () => ({
    isPlain: (object) =>
      [Object.prototype, null, URL.prototype].includes(
        Object.getPrototypeOf(object) as object | null,
      ),
  })),
];

export const wrongCodecsInDisguise: readonly Wrong<Codec>[] = [...forgetful, ...disguised];
