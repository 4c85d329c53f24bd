// Waiting with a limit: what has arrived by then counts, what ignores the limit is left behind.
import { expect, test } from "vitest";
import { startTask } from "../src/task.js";
import { deferred, manualClock, quiet } from "./support.js";

test("a late timer first lets the input in that has waited, and only then gives up", async () => {
  const timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    schedule: (_at: number, run: () => void) => (
      timers.push(run),
      () => void timers.splice(timers.indexOf(run), 1)
    ),
  };
  const answer = deferred<string>();
  const task = startTask(clock, 100, () => answer.promise);
  timers.shift()?.();
  await quiet();
  answer.resolve("it was waiting in the socket");
  expect(await task.done).toBe("it was waiting in the socket");
  expect(timers).toEqual([]);
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
