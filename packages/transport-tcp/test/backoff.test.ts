// Pauses: they double up to a bound, and chance shortens each by at most half.
import { expect, test } from "vitest";
import { Backoff } from "../src/backoff.js";

const pauses = (backoff: Backoff, count: number): number[] =>
  Array.from({ length: count }, () => backoff.next());

test("pauses double up to the longest, and begin anew after a reset", () => {
  const backoff = new Backoff({ min: 10, max: 70 }, () => 1);
  expect(pauses(backoff, 5)).toEqual([10, 20, 40, 70, 70]);
  backoff.reset();
  expect(pauses(backoff, 2)).toEqual([10, 20]);
  backoff.exhaust();
  expect(pauses(backoff, 2)).toEqual([70, 70]);
});

test("chance takes up to half of each, so that nodes don't act in step", () => {
  const draws = [0, 0.5, 1, 0];
  const backoff = new Backoff({ min: 10, max: 40 }, () => draws.shift() ?? 0);
  expect(pauses(backoff, 4)).toEqual([5, 15, 40, 20]);
});
