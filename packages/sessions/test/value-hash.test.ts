// A fingerprint tells values apart, and doesn't depend on how they are spelled.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { hashValue } from "../src/value-hash.js";
import { codec } from "./support/ledger.js";

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, 1, "", "0", "a"),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.uint8Array({ maxLength: 9 }),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 2 }), tie("any"), { maxKeys: 3 }),
  ),
})).any;

describe("hashValue", () => {
  test("is the same before and after a codec, and fits into a safe integer", () => {
    fc.assert(
      fc.property(value, (given) => {
        const hash = hashValue(given);
        expect(Number.isSafeInteger(hash)).toBe(true);
        expect(hash).toBeGreaterThanOrEqual(0);
        expect(hashValue(codec.decode(codec.encode(given as never)))).toBe(hash);
      }),
    );
  });

  test("differs where values do", () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const isSame = Buffer.from(codec.encode(sorted(one) as never)).equals(
          codec.encode(sorted(other) as never),
        );
        expect(hashValue(one) === hashValue(other)).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });

  test("tells likenesses apart", () => {
    const alike = [
      null,
      "null",
      "",
      [],
      {},
      [[]],
      [null],
      new Uint8Array(0),
      new Uint8Array(1),
      new Uint8Array(4),
      0,
      1,
      -1,
      "0",
      [0],
      ["0"],
      { a: 0 },
      { a: "0" },
      ["a", 0],
      true,
      "true",
      new Uint8Array([1, 2]),
      [1, 2],
      "12",
      ["1", "2"],
      ["12"],
      { a: { b: 1 } },
      { a: 1, b: 1 },
      2 ** 32,
      2 ** 53 - 1,
      0.5,
      undefined,
      "undefined",
    ];
    expect(new Set(alike.map(hashValue)).size).toBe(alike.length);
  });
});

/** With the keys of objects in order, and 0 for -0. */
function sorted(given: unknown): unknown {
  if (typeof given === "number") return given + 0;
  if (given instanceof Uint8Array || typeof given !== "object" || given === null) return given;
  if (Array.isArray(given)) return given.map(sorted);
  return Object.fromEntries(
    Object.entries(given)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
