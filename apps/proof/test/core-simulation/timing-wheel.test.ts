// The timing wheel against a sorted list: everything happens at its moment, in the order in which
// it was planned.
import { expect, test } from "vitest";
import { createTimingWheel } from "../../src/core-simulation/timing-wheel.js";
import { createRandom } from "@raftkit/simulation";

interface Planned {
  readonly at: number;
  readonly number: number;
  readonly later: number;
  next: Planned | undefined;
}

test("what was planned happens at its time and in order, near and far, also what is planned meanwhile", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = createRandom(seed);
    const wheel = createTimingWheel<Planned>();
    const expected: { readonly at: number; readonly number: number }[] = [];
    const seen: { readonly at: number; readonly number: number }[] = [];
    const plan = (at: number, later: number): void => {
      const event = { at, number: expected.length, later, next: undefined };
      wheel.add(at, event);
      expected.push(event);
    };
    for (let i = 0; i < 60; i++) {
      plan(
        random.integer(random.pick([3, 600, 5_000])),
        random.integer(random.pick([2, 600, 3_000])),
      );
    }
    for (let now = 0; now <= 8_001; now++) {
      for (let event = wheel.take(now); event; event = event.next) {
        expect(event.at).toBe(now);
        seen.push(event);
        if (event.number < 60) plan(now + event.later, 0);
      }
      wheel.release(now);
    }
    expect(seen.map(({ number }) => number)).toEqual(
      expected.toSorted((a, b) => a.at - b.at || a.number - b.number).map(({ number }) => number),
    );
  }
});

test.each([-1, 0.5, NaN])("%s is no moment", (at) => {
  expect(() =>
    createTimingWheel<Planned>().add(at, { at, number: 0, later: 0, next: undefined }),
  ).toThrow("is no moment");
});
