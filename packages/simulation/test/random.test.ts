import { describe, expect, test } from "vitest";
import { createRandom } from "../src/random.js";

const draw = (seed: number, count: number): readonly number[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe("createRandom", () => {
  test("gives the same stream for the same seed and another for the next", () => {
    expect(draw(7, 50)).toEqual(draw(7, 50));
    expect(draw(7, 50)).not.toEqual(draw(8, 50));
  });

  test("is spread over [0, 1)", () => {
    const values = draw(3, 20_000);
    const buckets = Array.from(
      { length: 10 },
      (_, i) => values.filter((value) => Math.floor(value * 10) === i).length,
    );
    for (const count of buckets) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  });

  test("forks by name: what others drew changes nothing", () => {
    const quiet = createRandom(1);
    const busy = createRandom(1);
    for (let i = 0; i < 10; i++) busy.next();
    busy.fork("somebody").next();
    expect(busy.fork("disk").next()).toBe(quiet.fork("disk").next());
    expect(quiet.fork("disk1").next()).not.toBe(quiet.fork("disk2").next());
  });

  test("keeps to the bounds asked for", () => {
    const random = createRandom(5);
    for (let i = 0; i < 1000; i++) {
      const value = random.between(150, 300);
      expect(value >= 150 && value < 300).toBe(true);
      expect([0, 1, 2]).toContain(random.integer(3));
    }
    expect(new Set(Array.from({ length: 100 }, () => random.pick(["a", "b", "c"]))).size).toBe(3);
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
