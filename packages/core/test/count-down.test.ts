// A time limit: only the time in which this process ran counts.
import { expect, test } from "vitest";
import { countDown } from "../src/index.js";

/** The time, and the only timer that waits. */
function create(): {
  readonly clock: Parameters<typeof countDown>[0];
  /** The timer runs so long after it was due. @returns when it was due; undefined: none waits */
  readonly ring: (lateMs?: number) => number | undefined;
} {
  let now = 1000;
  let timer: { readonly at: number; readonly run: () => void } | undefined;
  return {
    clock: {
      now: () => now,
      schedule(at, run) {
        expect(timer).toBeUndefined();
        timer = { at, run };
        return () => (timer = undefined);
      },
    },
    ring(lateMs = 0) {
      const due = timer;
      if (due === undefined) return undefined;
      timer = undefined;
      now = due.at + lateMs;
      due.run();
      return due.at;
    },
  };
}

test.each([[0], [1], [2.5], [100], [1700]])("expires once, after %d ms", (delayMs) => {
  const { clock, ring } = create();
  let expired = 0;
  countDown(clock, delayMs, () => expired++);
  let last = 0;
  for (let at = ring(); at !== undefined; at = ring()) last = at;
  expect(expired).toBe(1);
  expect(last).toBeCloseTo(1000 + delayMs, 6);
});

test("a process that stands still uses up a small part of it", () => {
  const { clock, ring } = create();
  let expired = 0;
  countDown(clock, 100, () => expired++);
  for (let stop = 0; stop < 40; stop++) ring(60_000);
  // What came in while it stood still has yet to be read.
  expect(expired).toBe(0);
  ring();
  expect(expired).toBe(1);
});

test("cancelled, it never expires; afterwards that does nothing", () => {
  const { clock, ring } = create();
  let expired = 0;
  const cancel = countDown(clock, 100, () => expired++);
  for (let period = 0; period < 40; period++) ring();
  cancel();
  expect([ring(), expired]).toEqual([undefined, 0]);
  cancel();
});
