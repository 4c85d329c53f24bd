// Values at which MessagePack's forms change, and strings that are read in more than one way.
import type { CodecValue } from "@raftkit/core";
import fc from "fast-check";

export const nastyStrings: readonly [string, ...string[]] = [
  "",
  "__proto__",
  "constructor",
  "toJSON",
  "hasOwnProperty",
  "length",
  "$bytes",
  "$$bytes",
  "\ud800",
  "\udfff\ud800",
  "\u{1f600}",
  "\ufeffx",
  `\ufeff${"x".repeat(100)}`,
  `${"é".repeat(40)}\ud900`,
  "\0",
  "x".repeat(31),
  "x".repeat(32),
  "é".repeat(16),
  "x".repeat(300),
  "x".repeat(66_000),
];
const nastyNumbers = [
  0,
  1,
  -1,
  0x7f,
  0x80,
  0xff,
  0x100,
  0xffff,
  0x10000,
  0xffffffff,
  0x100000000,
  -0x20,
  -0x21,
  -0x80,
  -0x81,
  -0x8000,
  -0x8001,
  -0x80000000,
  -0x80000001,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  2 ** 60,
  1e21,
  0.1,
];

const anyString: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(...nastyStrings),
);
const anyNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
  fc.constantFrom(...nastyNumbers),
);
const anyBytes = fc.oneof(
  fc.uint8Array(),
  fc
    .constantFrom(0, 255, 256, 511, 512, 513, 65_535, 65_536)
    .map((length) => new Uint8Array(length).fill(0xa5)),
);

/** Like `Object.fromEntries`, which also defines `__proto__` as a property of its own. */
export const anyValue: fc.Arbitrary<CodecValue> = fc.letrec<{ value: CodecValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    anyNumber,
    anyString,
    anyBytes,
    fc.array(tie("value"), { maxLength: 20 }),
    fc
      .array(fc.tuple(anyString, tie("value")), { maxLength: 20 })
      .map((members) => Object.fromEntries(members)),
  ),
})).value;
