// The form on the wire: JSON, with base64 of its own. What every codec must do is proven in
// conformance.test.ts.
import type { CodecValue } from "@raftkit/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase64, toBase64 } from "../src/base64.js";
import { createJsonCodec } from "../src/index.js";

const codec = createJsonCodec();
const text = (value: CodecValue): string => Buffer.from(codec.encode(value)).toString();

test("what JSON.stringify can say is said the same way", () => {
  const plain = fc
    .jsonValue({ noUnicodeString: false })
    .filter((value) => !/"\$|-0/.test(JSON.stringify(value)));
  fc.assert(
    fc.property(plain, (value) => {
      expect(text(value as CodecValue)).toBe(JSON.stringify(value));
    }),
    { numRuns: 100 },
  );
});

test.each([
  [new Uint8Array([0, 1, 2, 255]), `{"$bytes":"AAEC/w=="}`],
  [{ $bytes: "AAEC" }, `{"$$bytes":"AAEC"}`],
  [{ $$bytes: 1, $: 2, a$: 3 }, `{"$$$bytes":1,"$$":2,"a$":3}`],
  [[2 ** 60, 1e21, -0, 0.1], "[1152921504606847000,1e+21,0,0.1]"],
  ["\ud800", `"\\ud800"`],
])("%j is written as %s", (value, expected) => {
  expect(text(value)).toBe(expected);
});

test("64 levels are carried, bytes at the bottom included", () => {
  const value = Array.from({ length: 63 }).reduce<CodecValue>(
    (inner) => ({ a: inner }),
    [new Uint8Array([1])],
  );
  expect(codec.decode(codec.encode(value))).toStrictEqual(value);
});

describe("base64", () => {
  test("is what Node writes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(toBase64(bytes))).toStrictEqual(bytes);
      }),
    );
  });

  test("has one text for each byte sequence", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.base64String(),
          fc.string({
            unit: fc.constantFrom("A", "B", "/", "+", "=", "Q", "g", " ", "-", "_", "é"),
          }),
        ),
        (given) => {
          const bytes = fromBase64(given);
          expect(bytes === undefined ? given : toBase64(bytes)).toBe(given);
          expect(bytes === undefined).toBe(
            Buffer.from(given, "base64").toString("base64") !== given,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a large array comes back", () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, i) => (i * 31) >>> 3);
    expect(Buffer.compare(codec.decode(codec.encode(bytes)) as Uint8Array, bytes)).toBe(0);
  });
});
