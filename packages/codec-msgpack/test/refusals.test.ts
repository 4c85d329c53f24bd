// Refusals name the place, and know MessagePack's own traps. What every codec must refuse is proven
// in conformance.test.ts.
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { createMsgpackCodec } from "../src/index.js";

const codec = createMsgpackCodec();
const packr = new Packr({ moreTypes: true });

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RaftkitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

class Point {
  x = 1;
}
class Points extends Array<number> {}
const deep = (levels: number): unknown =>
  Array.from({ length: levels }).reduce((inner) => [inner], null);

test.each<[string, unknown, RegExp]>([
  ["undefined", [1, undefined], /undefined at \$\[1\]/],
  ["a hole", Object.assign([1, 2, 3], { length: 5 }), /undefined at \$\[3\]/],
  ["a member", { a: { "b c": undefined } }, /undefined at \$\.a\["b c"\]/],
  ["-Infinity", -Infinity, /-Infinity at \$:/],
  ["bigint", { n: 1n }, /a bigint at \$\.n/],
  ["class", [[new Point()]], /Point at \$\[0\]\[0\]/],
  ["65 levels", deep(65), /more than 64.*cycle/],
  ["a lone surrogate", [1, "a\ud800"], /a string with a lone surrogate at \$\[1\]/],
  ["a lone surrogate in a long string", "x".repeat(100) + "\udc00", /lone surrogate at \$:/],
  ["a lone surrogate in a key", { a: { "\udfff": 1 } }, /a key with .* at \$\.a\["\\udfff"\]/],
  ["a byte order mark", { a: "\ufeff" }, /a string that begins with U\+FEFF at \$\.a/],
  ["a byte order mark in a key", [{ "\ufeffx": 1 }], /a key that begins with U\+FEFF at \$\[0\]\[/],
  ["__proto__", [JSON.parse(`{"a":1,"__proto__":1}`)], /the key __proto__ at \$\[0\]\.__proto__/],
  ["a subclass of Array", [Points.of(1)], /an instance of Points at \$\[0\]/],
  ["an array's own constructor", Object.assign([1], { constructor: Object }), /Object at \$:/],
])("encode names the place of %s", (_name, value, message) => {
  const told = refusal(() => codec.encode(value as CodecValue));
  expect(told).toMatch(/^CODEC_ENCODE: /);
  expect(told).toMatch(message);
});

describe("decode", () => {
  const bytes = (...parts: (number | string)[]): Uint8Array =>
    Uint8Array.from(
      parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "hex")] : [part])),
    );

  const not = /they are not one MessagePack value/;
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", bytes(), not],
    ["bytes too many", bytes(1, 2), not],
    ["half an integer", bytes(0xcd, 1), not],
    ["half a string", bytes(0xa5, 0x61), not],
    ["half an array", bytes(0x92, 1), not],
    ["half a map", bytes("82a16101"), not],
    ["65 arrays", Uint8Array.of(...new Uint8Array(65).fill(0x91), 1), /more than 64/],
    ["65 maps", bytes("81a161".repeat(65), 1), /more than 64/],
    ["a million arrays", new Uint8Array(1_000_000).fill(0x91), not],
    ["0xc1", bytes("91c1"), /an instance of C1Type at \$\[0\]/],
    ["ext 0", bytes("91d40000"), /undefined at \$\[0\]/],
    ["an unknown extension", bytes("d40100"), not],
    ["timestamp", packr.pack([new Date(0)]), /an instance of Date at \$\[0\]/],
    ["Set", packr.pack(new Set([1])), /an instance of Set/],
    ["regular expression", packr.pack(/x/), /an instance of RegExp/],
    ["an error", packr.pack(new TypeError("x")), /an instance of TypeError/],
    ["a typed array", packr.pack(new Float64Array(2)), /an instance of Float64Array/],
    ["a reference", bytes("92d6690000000190d67000000001"), not],
    ["a record", bytes("d4724091a16101"), not],
    ["a record of two bytes", bytes("d572400191a16101"), not],
    ["uint64", bytes("cf0020000000000001"), /a bigint/],
    ["int64", bytes("91d3ffdfffffffffffff"), /a bigint at \$\[0\]/],
    ["a large bigint", packr.pack([2n ** 70n]), /a bigint at \$\[0\]/],
    ["NaN", bytes("cb7ff8000000000000"), /NaN at \$/],
    ["Infinity", bytes("91ca7f800000"), /Infinity at \$\[0\]/],
    ["a short byte order mark", bytes("91a4efbbbf61"), /begins with U\+FEFF at \$\[0\]/],
    ["__proto__", bytes("9181a9", "5f5f70726f746f5f5f", 1), /__proto__? at \$\[0\]/],
    [
      "__proto__ beside its other name",
      bytes("82a8", "5f5f70726f746f5f", 1, "a9", "5f5f70726f746f5f5f", 2),
      /__proto_/,
    ],
  ])("%s is refused", (_name, source, message) => {
    const told = refusal(() => codec.decode(source));
    expect(told).toMatch(/^CODEC_DECODE: /);
    expect(told).toMatch(message);
  });

  test.each<[string, Uint8Array]>([
    ["array16 of 65,535", bytes("dcffff")],
    ["array32 of 4 billion", bytes("ddffffffff")],
    ["array32 of 100 million", bytes("dd05f5e100", 1)],
    ["map32 of 4 billion", bytes("dfffffffff")],
    ["str32 of 4 GB", bytes("dbffffffff")],
    ["str32 of 100 MB", bytes("db05f5e100", 1)],
    ["bin32 of 4 GB", bytes("c6ffffffff01")],
    ["bin32 of 100 MB", bytes("c605f5e100", 1)],
    ["ext32 of 4 GB", bytes("c9ffffffff01")],
    ["a bigint of 4 GB", bytes("c9ffffffff42")],
    ["nested arrays of a million", bytes("dd000fffff".repeat(60))],
    ["nested maps of a million", bytes("df000fffffa161".repeat(60))],
    [
      "nested arrays as long as the bytes",
      Uint8Array.of(...bytes("dc4000".repeat(5000)), ...new Uint8Array(3000)),
    ],
  ])("%s is refused and takes no memory", (_name, source) => {
    const before = process.memoryUsage();
    const told = refusal(() => codec.decode(source));
    const after = process.memoryUsage();
    expect(told).toMatch(/^CODEC_DECODE: .* not one MessagePack value/);
    const taken = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(taken).toBeLessThan(4 * 2 ** 20);
  });

  test("a key __proto_ is a key like any other", () => {
    const value = [{ __proto_: { __proto_: 1, text: "__proto__" } }];
    expect(codec.decode(codec.encode(value))).toStrictEqual(value);
  });

  test("other encoders' float32 and small 64-bit integers are read", () => {
    expect(
      codec.decode(bytes("94ca3fc00000cf001fffffffffffffd3ffe0000000000001d3ffffffffffffffff")),
    ).toEqual([1.5, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -1]);
  });

  test("random bytes are refused or are a value that can be encoded again", () => {
    const token = fc.oneof(
      fc.integer({ min: 0x80, max: 0xdf }),
      fc.nat({ max: 255 }),
      fc.constantFrom(0, 1, 2),
    );
    const random = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(token, { maxLength: 40 }).map((all) => Uint8Array.from(all)),
    );
    fc.assert(
      fc.property(random, (source) => {
        let value: CodecValue;
        try {
          value = codec.decode(source);
        } catch (error) {
          if (error instanceof RaftkitError) return;
          throw error;
        }
        const again = codec.encode(value);
        expect(codec.encode(codec.decode(again))).toEqual(again);
      }),
      { numRuns: 500 },
    );
  });
});
