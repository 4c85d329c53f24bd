// The clock of a node that is given none.
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { systemClock } from "../src/platform.js";

test("it waits longer than a timer can hold", async () => {
  const clock = systemClock();
  let rang = false;
  const cancel = clock.schedule(clock.now() + Number.MAX_SAFE_INTEGER, () => (rang = true));
  await new Promise<void>((resume) => clock.schedule(clock.now() + 20, resume));
  cancel();
  expect(rang).toBe(false);
});

test("what is run later is run in the clock's asynchronous context, not in its caller's", async () => {
  const context = new AsyncLocalStorage<string>();
  const clock = context.run("node", systemClock);
  const contexts = await context.run("request", () =>
    Promise.all(
      [
        (run: () => void) => clock.defer(run),
        (run: () => void) => clock.schedule(clock.now() + 1, run),
      ].map(
        (later) =>
          new Promise<string | undefined>((resolve) => later(() => resolve(context.getStore()))),
      ),
    ),
  );
  expect(contexts).toEqual(["node", "node"]);
});
