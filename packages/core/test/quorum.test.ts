// Majorities against brute force (hazard 10: a quorum index from a wrong sort).
import { expect, test } from "vitest";
import fc from "fast-check";
import { majority, reachedByMajority } from "../src/quorum/majority.js";

test("the reached value is the largest that more than half have", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 30 }),
          fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
          fc.constant(-Infinity),
        ),
        { minLength: 1, maxLength: 9 },
      ),
      (values) => {
        const reached = values.filter(
          (value) => values.filter((other) => other >= value).length * 2 > values.length,
        );
        expect(reachedByMajority(values)).toBe(Math.max(...reached));
      },
    ),
  );
});

test("the order doesn't matter, and the values are left alone", () => {
  const values = [10, 9, 100, 2, 33];
  expect(reachedByMajority(values)).toBe(10);
  expect(values).toEqual([10, 9, 100, 2, 33]);
});

test("any two majorities meet", () => {
  for (let n = 1; n < 20; n++) {
    expect(majority(n) * 2).toBeGreaterThan(n);
    expect((majority(n) - 1) * 2).toBeLessThanOrEqual(n);
  }
});

test("of nobody nothing is reached", () => expect(reachedByMajority([])).toBe(-Infinity));
