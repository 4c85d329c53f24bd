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

  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", bytes(), /1 byte is missing/],
    ["bytes too many", bytes(1, 2), /1 bytes too many/],
    ["half an integer", bytes(0xcd, 1), /missing/],
    ["half a string", bytes(0xa5, 0x61), /4 bytes are missing at byte 1/],
    ["half an array", bytes(0x92, 1), /can't hold/],
    ["half a map", bytes("82a16101"), /can't hold/],
    ["array32 of 4 billion", bytes("ddffffffff"), /4294967295/],
    ["map32 of 4 billion", bytes("dfffffffff"), /4294967295/],
    ["str32 of 4 GB", bytes("dbffffffff"), /missing/],
    ["bin32 of 4 GB", bytes("c6ffffffff01"), /missing/],
    [
      "nested claims",
      Buffer.concat(Array.from({ length: 60 }, () => bytes("dd00fffff0"))),
      /can't hold/,
    ],
    ["65 arrays", new Uint8Array(100).fill(0x91), /more than 64/],
    [
      "65 maps",
      Uint8Array.from({ length: 300 }, (_, i) => [0x81, 0xa1, 0x61][i % 3] ?? 0),
      /more than 64/,
    ],
    ["0xc1", bytes(0xc1), /0xc1/],
    ["ext 0", bytes("d40000"), /extension/],
    ["timestamp", packr.pack(new Date(0)), /extension/],
    ["Set", packr.pack(new Set([1])), /extension/],
    ["regular expression", packr.pack(/x/), /extension/],
    ["record", bytes("d4724091a16101"), /extension/],
    ["ext32", bytes("c9ffffffff01"), /extension/],
    ["uint64", bytes("cf0020000000000000"), /beyond 2\^53/],
    ["int64", bytes("d3ffdfffffffffffff"), /beyond 2\^53/],
    ["bigint", packr.pack(2n ** 63n), /beyond 2\^53/],
    ["NaN", bytes("cb7ff8000000000000"), /finite/],
    ["Infinity", bytes("ca7f800000"), /finite/],
    ["number keys", bytes("810102"), /not a string/],
    ["nil keys", bytes("81c002"), /not a string/],
    ["a key twice", bytes("82a16101a16102"), /second time at byte 6, \$\.a/],
    ["a lone continuation", bytes("a180"), /UTF-8/],
    ["an overlong form", bytes("a2c080"), /UTF-8/],
    ["overlong 3", bytes("a3e08080"), /UTF-8/],
    ["beyond U+10FFFF", bytes("a4f4908080"), /UTF-8/],
    ["a cut form", bytes("a2e282"), /UTF-8/],
    ["a pair in two halves", bytes("a6eda080edb080"), /UTF-8/],
    ["long rubbish", bytes(0xd9, 40, "ff".repeat(40)), /UTF-8/],
  ])("%s is refused", (_name, source, message) => {
    const told = refusal(() => codec.decode(source));
    expect(told).toMatch(/^CODEC_DECODE: /);
    expect(told).toMatch(message);
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
