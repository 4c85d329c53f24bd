// Values are told apart exactly where they differ: a comparison that lets a difference pass would
// prove every codec right.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CodecValue } from "@raftkit/core";
import { expectSame } from "../../src/codec/compare.js";
import { randomValue } from "../../src/codec/values.js";
import { createChance } from "../../src/random.js";

const same = (a: CodecValue, b: CodecValue): boolean => {
  try {
    expectSame(a, b, "it");
    return true;
  } catch {
    return false;
  }
};

test("it agrees with Node about any two values", () => {
  const value: fc.Arbitrary<CodecValue> = fc.letrec<{ value: CodecValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 0, 1, "", "a"),
      fc.uint8Array({ maxLength: 2, max: 1 }),
      fc.array(tie("value"), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom("a", "__proto__"), tie("value"), {
        maxKeys: 1,
        noNullPrototype: true,
      }),
    ),
  })).value;
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(same(a, b)).toBe(isDeepStrictEqual(a, b));
      expect(same(a, structuredClone(a))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

describe("what it takes for the same, and what not", () => {
  test.each<[CodecValue, CodecValue, boolean]>([
    [-0, 0, true],
    [Buffer.from("a"), new Uint8Array([97]), true],
    [Object.assign(Object.create(null) as object, { a: 1 }) as CodecValue, { a: 1 }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, false],
    [[], {}, false],
    [new Uint8Array(1), [0], false],
    [null, {}, false],
    [1, "1", false],
    [NaN, NaN, false],
  ])("%j and %j: %s", (a, b, expected) => {
    expect(same(a, b)).toBe(expected);
  });

  test("it names the first place", () => {
    expect(() => expectSame([1, { a: [2, 3] }], [1, { a: [2, 4] }], "the value")).toThrow(
      `the value came back changed at ["1"]["a"]["1"]: expected 4, got 3`,
    );
  });
});

test("random values are the same again from the same seed, and reach every kind", () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const value = randomValue(createChance(seed));
    expect(isDeepStrictEqual(randomValue(createChance(seed)), value)).toBe(true);
    kinds.add(
      value instanceof Uint8Array
        ? "bytes"
        : Array.isArray(value)
          ? "array"
          : value === null
            ? "null"
            : typeof value,
    );
  }
  expect([...kinds].toSorted()).toEqual([
    "array",
    "boolean",
    "bytes",
    "null",
    "number",
    "object",
    "string",
  ]);
});
