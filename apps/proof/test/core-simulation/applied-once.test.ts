// A proposal takes effect once: the same value at two places is told, the same place on every node
// is not.
import { expect, test } from "vitest";
import { createAppliedOnce } from "../../src/core-simulation/applied-once.js";

test("a value that is applied at two indexes is reported", () => {
  const told: string[] = [];
  const once = createAppliedOnce((message) => told.push(message));
  once.onApplied("n1", 4, 7);
  once.onApplied("n2", 4, 7);
  once.onApplied("n1", 5, 0);
  once.onApplied("n1", 6, 0);
  expect(told).toEqual([]);
  once.onApplied("n2", 6, 7);
  expect(told).toEqual([
    "n2 applies a put of 7 at index 6, which stands at 4 too and was proposed once",
  ]);
});
