// The estimate that bounds other people's values: never far below what they hold.
import { expect, test } from "vitest";
import { roughBytes } from "../src/rough-bytes.js";

const MIB = 2 ** 20;

class Account {
  readonly name = "a".repeat(MIB);
}

const large: readonly (readonly [string, unknown])[] = [
  ["a string", "a".repeat(MIB)],
  ["bytes", new Uint8Array(MIB)],
  ["a small view of a large buffer", new Uint8Array(MIB).subarray(0, 1)],
  ["a buffer", new ArrayBuffer(MIB)],
  ["an array of numbers", Array.from({ length: MIB }, (_, i) => i)],
  ["something deep within", { a: [{ b: new Map([["c", new Set(["d".repeat(MIB)])]]) }] }],
  ["a key of a map", new Map([["a".repeat(MIB), 1]])],
  ["the field of an instance", new Account()],
  ["a property's name", { ["a".repeat(MIB)]: 1 }],
  [
    "what is hidden from enumeration",
    Object.defineProperty({}, "a", { value: "a".repeat(MIB), enumerable: false }),
  ],
];
for (const [what, value] of large) {
  test(`${what} counts`, () => {
    expect(roughBytes(value, Infinity)).toBeGreaterThanOrEqual(MIB);
  });
}

test("small values count for little, and for something", () => {
  for (const value of [undefined, null, 1, true, 10n, "", {}, [], () => {}, Symbol("s")]) {
    expect(roughBytes(value, Infinity)).toBeGreaterThan(0);
    expect(roughBytes(value, Infinity)).toBeLessThan(200);
  }
  expect(roughBytes({ ok: true, index: 7, previousIndex: null }, Infinity)).toBeLessThan(300);
});

test("a cycle ends, a getter isn't called, and counting ends at the limit", () => {
  const cycle: Record<string, unknown> = {
    get thrown(): never {
      throw new Error("called");
    },
  };
  cycle["self"] = cycle;
  expect(roughBytes(cycle, Infinity)).toBeLessThan(300);
  const visited: string[] = [];
  const parts = Array.from(
    { length: 100 },
    (_, i) => new Proxy({}, { ownKeys: () => (visited.push(`${i}`), []) }),
  );
  expect(roughBytes(parts, 1000)).toBeGreaterThanOrEqual(1000);
  expect(visited.length).toBeLessThan(20);
});
