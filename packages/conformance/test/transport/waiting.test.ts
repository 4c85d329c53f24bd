// How cases wait: each wait has a bound of its own, by whatever clock.
import { expect, test } from "vitest";
import { createWaiting } from "../../src/transport/bench.js";

test("what is waited for in vain is named, however long a slow machine takes for that", async () => {
  let [told, now] = [0, 0];
  const waiting = createWaiting(
    100,
    () => told++,
    () => now++,
  );
  let turns = 0;
  const lost = waiting.until("a frame arrived", () => ++turns < 0);
  await expect(lost).rejects.toThrow("waited in vain until a frame arrived (100 ms)");
  // Otherwise the case's time-out, which is real, would come first and name nothing.
  expect(told).toBe(turns - 1);
});
