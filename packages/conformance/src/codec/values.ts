// The values that codecs get: those at which something changes in one format or another, and random
// ones made of them.
import type { CodecValue } from "@raftkit/core";
import type { Chance } from "../random.js";

/**
 * Around every size at which an integer needs another byte, and the largest that a double holds
 * exactly.
 */
export const integers: readonly [number, ...number[]] = [
  0,
  1,
  -1,
  0x1f,
  -0x20,
  -0x21,
  0x7f,
  0x80,
  -0x80,
  -0x81,
  0xff,
  0x100,
  0x7fff,
  0x8000,
  -0x8000,
  -0x8001,
  0xffff,
  0x10000,
  0x7fffffff,
  0x80000000,
  -0x80000000,
  -0x80000001,
  0xffffffff,
  0x100000000,
  -0x100000000,
  2 ** 48,
  -(2 ** 48),
  Number.MAX_SAFE_INTEGER - 1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];

/** Fractions, numbers that a float of 32 bits would round, and the limits. */
export const floats: readonly [number, ...number[]] = [
  0.1,
  -0.1,
  0.1 + 0.2,
  1.5,
  -2.5,
  Math.PI,
  1 / 3,
  1e-7,
  123_456.789,
  2 ** 53,
  2 ** 60,
  -(2 ** 63),
  2 ** 64,
  1e21,
  1.7e308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  Number.EPSILON,
  3.4028234663852886e38,
  1.401298464324817e-45,
];

/** Well-formed, around the sizes at which a length needs another byte. */
export const strings: readonly [string, ...string[]] = [
  "",
  "a",
  "\0",
  "\u0001\u001f\u007f",
  '"\\/\b\f\n\r\t',
  "é",
  "ß".repeat(16),
  "\u07ff\u0800\uffff",
  "日本語",
  "\u{1f600}",
  "\u{10ffff}",
  "e\u0301",
  "\u2028\u2029",
  "x\ufeff",
  `${"x".repeat(100)}\ufeff${"x".repeat(100)}`,
  "x".repeat(31),
  "x".repeat(32),
  "x".repeat(255),
  "x".repeat(256),
  "x".repeat(65_535),
  "x".repeat(65_536),
  "\u{1f600}".repeat(20_000),
  "AAEC/w==",
  "null",
  "1",
  "NaN",
  "undefined",
];

/** Halves of surrogate pairs, alone, doubled, swapped, in short strings and in long ones. */
export const loneSurrogates: readonly [string, ...string[]] = [
  "\ud800",
  "\udfff",
  "a\ud83d",
  "\ude00b",
  "\ude00\ud83d",
  "\ud800\ud800\udc00",
  "\ud83d\ude00\ud83d",
  `${"é".repeat(40)}\ud900`,
  `${"x".repeat(300)}\udc00${"x".repeat(300)}`,
];

/** A byte order mark where many readers of UTF-8 drop it, in short strings and in long ones. */
export const leadingMarks: readonly [string, ...string[]] = [
  "\ufeff",
  "\ufeffx",
  "\ufeff\ufeff",
  "\ufeffé",
  `\ufeff${"x".repeat(100)}`,
  `\ufeff${"é".repeat(5000)}`,
];

/** What a codec may refuse, but never change. */
const refusableStrings: readonly [string, ...string[]] = [...loneSurrogates, ...leadingMarks];

/** Names that mean something to JavaScript or to a format, or that look like numbers. */
export const keys: readonly [string, ...string[]] = [
  "__proto",
  "__proto_",
  "__proto___",
  "constructor",
  "prototype",
  "toJSON",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "length",
  "then",
  "__defineGetter__",
  "",
  " ",
  "0",
  "1",
  "-1",
  "01",
  "1.5",
  "4294967294",
  "4294967295",
  "9007199254740993",
  "$",
  "$$",
  "$bytes",
  "$$bytes",
  "$type",
  "@type",
  "_bytes",
  "type",
  "data",
  "Buffer",
  "base64",
  "é",
  "\u{1f600}",
  "\0",
  "a.b",
  "a[0]",
  "x".repeat(31),
  "x".repeat(32),
  "x".repeat(300),
];

export const byteLengths: readonly [number, ...number[]] = [
  0, 1, 2, 3, 4, 31, 32, 255, 256, 511, 512, 513, 4095, 4096, 4097, 65_535, 65_536, 300_001,
];

/** Bytes in which each position can be told from its neighbours. */
export function patterned(length: number, salt = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >>> 8) + salt;
  return bytes;
}

/** A value inside `levels` arrays or objects. */
export function nested(levels: number, wrap: (inner: CodecValue) => CodecValue): CodecValue {
  let value: CodecValue = null;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

/** Members as an object's own properties, `__proto__` among them. */
export function objectOf(members: readonly (readonly [string, CodecValue])[]): {
  readonly [key: string]: CodecValue;
} {
  return Object.fromEntries(members);
}

/**
 * What every codec carries, at most `levels` arrays and objects deep. Strings and bytes stay short,
 * so that many can be drawn.
 * @param refusable whether to draw strings and keys that a codec may refuse, too
 */
export function randomValue(chance: Chance, levels = 5, refusable = false): CodecValue {
  switch (chance.below(levels > 0 ? 10 : 7)) {
    case 0:
      return chance.pick([null, true, false]);
    case 1:
      return chance.pick(integers);
    case 2:
      return chance.pick(floats);
    case 3:
      return Math.trunc((chance.next() - 0.5) * 2 ** (1 + chance.below(53)));
    case 4:
      return (chance.next() - 0.5) * 10 ** (chance.below(600) - 300);
    case 5:
      return randomString(chance, refusable);
    case 6:
      return chance.bytes(chance.below(40));
    case 7:
      return Array.from({ length: chance.below(chance.pick([4, 4, 20])) }, () =>
        randomValue(chance, levels - 1, refusable),
      );
    default:
      return objectOf(
        Array.from({ length: chance.below(chance.pick([4, 4, 20])) }, () => [
          chance.below(2) === 0 ? randomKey(chance, refusable) : randomString(chance, refusable),
          randomValue(chance, levels - 1, refusable),
        ]),
      );
  }
}

function randomKey(chance: Chance, refusable: boolean): string {
  return refusable && chance.below(20) === 0 ? PROTO : chance.pick(keys);
}

function randomString(chance: Chance, refusable: boolean): string {
  const drawn = chance.pick(refusable && chance.below(4) === 0 ? refusableStrings : strings);
  if (drawn.length < 400 && chance.below(3) === 0) return drawn;
  const limit = chance.pick([0x80, 0x800, 0x10000]);
  const text = String.fromCharCode(
    ...Array.from({ length: chance.below(40) }, () => chance.below(limit)),
  );
  return refusable ? text : text.replaceAll(/\p{Surrogate}/gu, "").replace(/^\ufeff+/, "");
}

/** The key that a codec may refuse, but never change. */
export const PROTO = "__proto__";

/**
 * Every place in a value at which a codec may refuse it, such as `$[1].a`; of a key, its object. How
 * other keys than plain words are written is the codec's: a place behind one ends before it.
 */
export function refusablePlaces(value: CodecValue): readonly string[] {
  const places: string[] = [];
  const find = (inner: CodecValue, place: string, isWhole: boolean): void => {
    if (typeof inner === "string" && isRefusable(inner)) places.push(place);
    if (typeof inner !== "object" || inner === null || inner instanceof Uint8Array) return;
    for (const [key, member] of Object.entries(inner)) {
      if (key === PROTO || isRefusable(key)) places.push(place);
      const step = Array.isArray(inner) ? `[${key}]` : `.${key}`;
      const goesOn = isWhole && (Array.isArray(inner) || /^[A-Za-z]\w{0,31}$/.test(key));
      find(member as CodecValue, goesOn ? place + step : place, goesOn);
    }
  };
  find(value, "$", true);
  return places;
}

function isRefusable(text: string): boolean {
  return text.startsWith("\ufeff") || /\p{Surrogate}/u.test(text);
}
