// The search's memo: what makes two places the same, and which one makes another pointless.
import { expect, test } from "vitest";
import { createVisited } from "../src/visited.js";

test("a place is new if anything differs that matters", () => {
  const visited = createVisited(2, 1);
  expect(visited.add(1, 1, 0, [1, 2], [0])).toBe(true);
  expect(visited.add(1, 1, 0, [1, 2], [0])).toBe(false);
  expect(visited.add(2, 1, 0, [1, 2], [0])).toBe(true);
  expect(visited.add(1, 2, 0, [1, 2], [0])).toBe(true);
  expect(visited.add(1, 1, 0, [1, 3], [0])).toBe(true);
  expect(visited.add(1, 1, 0, [2, 2], [0])).toBe(true);
});

test("using up more of the unknown, or less of the time, than before is pointless; the reverse is new", () => {
  const visited = createVisited(0, 2);
  expect(visited.add(0, 0, 5, [], [0b0110, 1])).toBe(true);
  expect(visited.add(0, 0, 5, [], [0b1110, 1])).toBe(false);
  expect(visited.add(0, 0, 6, [], [0b0110, -1])).toBe(false);
  expect(visited.add(0, 0, 5, [], [0b1100, 1])).toBe(true);
  expect(visited.add(0, 0, 5, [], [0b0110, 0])).toBe(true);
  expect(visited.add(0, 0, 4, [], [0b0110, 1])).toBe(true);
});

test("it remembers after it has grown many times", () => {
  const visited = createVisited(1, 1);
  const places = Array.from({ length: 20_000 }, (_, i) => i);
  for (const i of places) expect(visited.add(i % 100, i, 0, [i], [0])).toBe(true);
  for (const i of places) expect(visited.add(i % 100, i, 0, [i], [1])).toBe(false);
});
