// The clock of the suite's clusters goes on with the turns of the event loop: what the process
// misses while it stands still, no node misses.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createClusterClock } from "../../src/transport/cluster-clock.js";

let real = 0;

beforeEach(() => {
  real = 0;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  vi.spyOn(performance, "now").mockImplementation(() => real);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The event loop's next turn, after so many milliseconds. */
function turn(passedMs: number): void {
  real += passedMs;
  vi.advanceTimersByTime(1);
}

test("short turns take as long as they take, one in which the machine stood still 5 ms", () => {
  const clock = createClusterClock();
  for (const passedMs of [1, 2, 4]) turn(passedMs);
  expect(clock.now()).toBe(7);
  turn(60_000);
  expect(clock.now()).toBe(12);
  turn(3);
  expect(clock.now()).toBe(15);
  clock.stop();
});

test("after a standstill nothing rings that wasn't due: what has arrived comes first", () => {
  const clock = createClusterClock();
  const electionTimeout = vi.fn<() => void>();
  clock.schedule(150, electionTimeout);
  turn(1000);
  expect(electionTimeout).not.toHaveBeenCalled();
  for (let turns = 1; turns < 30; turns++) turn(1000);
  expect(electionTimeout).toHaveBeenCalledTimes(1);
  clock.stop();
});

test("what is due rings once and in order, and not when it was cancelled", () => {
  const clock = createClusterClock();
  const rang: string[] = [];
  const cancels: (() => void)[] = [];
  clock.schedule(4, () => rang.push("late"));
  clock.schedule(1, () => {
    rang.push("early");
    for (const cancel of cancels) cancel();
  });
  cancels.push(clock.schedule(3, () => rang.push("cancelled")));
  turn(5);
  turn(5);
  expect(rang).toEqual(["early", "late"]);
  clock.stop();
  turn(5);
  expect(clock.now()).toBe(10);
});
