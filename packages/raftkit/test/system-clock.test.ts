// The clock of a node that is given none.
import { expect, test } from "vitest";
import { systemClock } from "../src/defaults.js";

test("it waits longer than a timer can hold", async () => {
  const clock = systemClock();
  let rang = false;
  const cancel = clock.schedule(clock.now() + Number.MAX_SAFE_INTEGER, () => (rang = true));
  await new Promise<void>((resume) => clock.schedule(clock.now() + 20, resume));
  cancel();
  expect(rang).toBe(false);
});
