// Refusals name the place, and know JSON's own traps. What every codec must refuse is proven in
// conformance.test.ts.
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createJsonCodec } from "../src/index.js";

const codec = createJsonCodec();
const decodeText = (text: string): CodecValue => codec.decode(new TextEncoder().encode(text));

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
  ["toJSON", { toJSON: () => 1 }, /a function at \$\.toJSON/],
  ["class", [[new Point()]], /Point at \$\[0\]\[0\]/],
  ["65 levels", deep(65), /more than 64.*cycle/],
])("encode names the place of %s", (_name, value, message) => {
  const told = refusal(() => codec.encode(value as CodecValue));
  expect(told).toMatch(/^CODEC_ENCODE: /);
  expect(told).toMatch(message);
});

describe("decode", () => {
  test.each<[string, string, RegExp]>([
    ["nothing", "", /not one JSON text/],
    ["bytes too many", "1 2", /not one JSON text/],
    ["half a text", "[1,", /not one JSON text/],
    ["a byte order mark", "\ufeff1", /not one JSON text/],
    ["NaN", "NaN", /not one JSON text/],
    ["2^53 + 1", "9007199254740993", /9007199254740993 has more digits/],
    ["its negative, inside", `{"a\\\\":["\\"",-9007199254740993]}`, /-9007199254740993/],
    ["as a fraction", "9007199254740993.0", /more digits/],
    ["with an exponent", "900719925474099.3e1", /more digits/],
    [
      "behind a string with digits",
      `["12345678901234567890","\\\\",12345678901234567890]`,
      /the number 12345678901234567890/,
    ],
    ["1e400", "[1e400]", /not finite at \$\[0\]/],
    ["65 arrays", "[".repeat(65) + "]".repeat(65), /more than 64/],
    ["bytes that are none", `[{"$bytes":1}]`, /"\$bytes" without base64.* at \$\[0\]/],
    ["bad base64", `{"$bytes":"A"}`, /base64/],
    ["loose base64", `{"$bytes":"AB=="}`, /base64/],
    ["bytes beside others", `{"$bytes":"","a":1}`, /beside other keys/],
    ["an unescaped key", `{"$a":1}`, /"\$a"/],
  ])("refuses %s", (_name, source, message) => {
    const told = refusal(() => decodeText(source));
    expect(told).toMatch(/^CODEC_DECODE: /);
    expect(told).toMatch(message);
  });

  test.each(["ff", "22c322", "22eda08022", "22c08022"])(
    "refuses the bytes %s, which are not UTF-8",
    (hex) => {
      expect(refusal(() => codec.decode(Buffer.from(hex, "hex")))).toMatch(
        /^CODEC_DECODE: .*UTF-8/,
      );
    },
  );

  test.each([
    ["9007199254740991", 9007199254740991],
    ["-9007199254740992", -(2 ** 53)],
    [`["9007199254740993"]`, ["9007199254740993"]],
    ["0.30000000000000004", 0.1 + 0.2],
    [" [ 1.50 , 1E2 ] ", [1.5, 100]],
  ])("accepts %s", (source, value) => {
    expect(decodeText(source)).toEqual(value);
  });

  const fragments = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    `"`,
    "\\",
    `"$bytes"`,
    `"__proto__"`,
    "1",
    "-",
    "e",
    ".",
    "12345678901234567890",
    "null",
    "true",
    " ",
    "\\ud800",
    "AA==",
  );
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fragments, { maxLength: 20 }).map((parts) => new TextEncoder().encode(parts.join(""))),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );

  test("random bytes are refused or are a value that can be encoded again", () => {
    fc.assert(
      fc.property(anyBytes, (source) => {
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
