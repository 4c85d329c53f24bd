// Waiting with a limit: what has arrived by then counts, what ignores the limit is left behind.
import { expect, test } from "vitest";
import { startTask } from "../src/task.js";
import { deferred, manualClock, quiet } from "./support.js";

test("the time in which this process stood still doesn't count", async () => {
  const clock = manualClock();
  const answer = deferred<string>();
  const task = startTask(clock, 100, () => answer.promise);
  for (let stop = 0; stop < 39; stop++) clock.standStill(60_000);
  await quiet();
  answer.resolve("it was on its way");
  expect(await task.done).toBe("it was on its way");
  expect(clock.pending()).toBe(0);
});

test("a late timer first lets the input in that has waited, and only then gives up", async () => {
  const clock = manualClock();
  const answer = deferred<string>();
  const task = startTask(clock, 100, () => answer.promise);
  clock.advance(99);
  clock.standStill(60_000);
  await quiet();
  answer.resolve("it was waiting in the socket");
  expect(await task.done).toBe("it was waiting in the socket");
  expect(clock.pending()).toBe(0);
});

test("what never ends is given up, with the reason, and told through its signal", async () => {
  const clock = manualClock();
  let signal: AbortSignal | undefined;
  const task = startTask(clock, 100, (given) => {
    signal = given;
    return new Promise(() => undefined);
  });
  clock.advance(100);
  await expect(task.done).rejects.toThrow("no end after 100 ms");
  expect([signal?.aborted, clock.pending()]).toEqual([true, 0]);
  const aborted = startTask(clock, 100, () => new Promise(() => undefined));
  aborted.abort(new Error("the transport closes"));
  await expect(aborted.done).rejects.toThrow("the transport closes");
  expect(clock.pending()).toBe(0);
});
