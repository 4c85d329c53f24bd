import { describe, expect, test } from "vitest";
import type { VirtualTime } from "../src/clock.js";
import { createVirtualTime } from "../src/clock.js";
import { createRandom } from "../src/random.js";

async function runAll(time: VirtualTime, until = 1_000_000): Promise<void> {
  let more = true;
  while (more) more = await time.step(until);
}

describe("virtual time", () => {
  test("runs events in order of time, and as scheduled at the same instant", async () => {
    const time = createVirtualTime();
    const { clock } = time.process("a");
    const random = createRandom(1);
    const seen: number[] = [];
    for (let i = 0; i < 500; i++) {
      const at = random.integer(100);
      clock.schedule(at, () => seen.push(at * 1000 + i));
    }
    await runAll(time);
    expect(seen).toHaveLength(500);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test("jumps to what is due: no waiting", async () => {
    const time = createVirtualTime();
    const { clock } = time.process("a");
    let at = 0;
    clock.schedule(86_400_000, () => { at = clock.now(); });
    expect(await time.step(86_399_999)).toBe(false);
    await runAll(time, 86_400_000);
    expect(at).toBe(86_400_000);
  });

  test("an event finishes all promises that it set off before the next one runs", async () => {
    const time = createVirtualTime();
    const { clock } = time.process("a");
    const seen: string[] = [];
    clock.schedule(1, () => {
      void (async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve();
        seen.push("first");
      })();
    });
    clock.schedule(1, () => seen.push("second"));
    await runAll(time);
    expect(seen).toEqual(["first", "second"]);
  });

  test("at one instant: timers, then input, then what was deferred", async () => {
    const time = createVirtualTime();
    const process = time.process("a");
    const seen: string[] = [];
    process.post(5, () => seen.push("input"));
    process.clock.schedule(5, () => {
      seen.push("timer");
      process.clock.defer(() => seen.push("deferred"));
    });
    process.post(5, () => seen.push("more input"));
    await runAll(time);
    expect(seen).toEqual(["timer", "input", "more input", "deferred"]);
  });

  test("a cancelled timer doesn't run, and cancelling it again is harmless", async () => {
    const time = createVirtualTime();
    const { clock } = time.process("a");
    let ran = false;
    const cancel = clock.schedule(5, () => { ran = true; });
    cancel();
    cancel();
    await runAll(time);
    expect(ran).toBe(false);
  });

  test("a stalled process gets everything late, timers first, input in order; others go on", async () => {
    const time = createVirtualTime();
    const stalled = time.process("a");
    const other = time.process("b");
    const seen: string[] = [];
    const note = (what: string) => () => seen.push(`${what}@${time.now()}`);
    stalled.post(10, note("frame 1"));
    stalled.post(20, note("frame 2"));
    stalled.clock.schedule(15, note("timer"));
    other.clock.schedule(12, note("other"));
    stalled.stallFor(100);
    await runAll(time);
    expect(seen).toEqual(["other@12", "timer@100", "frame 1@100", "frame 2@100"]);
  });

  test("a stopped process runs nothing any more, whatever was under way", async () => {
    const time = createVirtualTime();
    const process = time.process("a");
    const seen: string[] = [];
    process.clock.schedule(1, () => {
      void Promise.resolve().then(() => process.clock.schedule(3, () => seen.push("late")));
      process.stop();
    });
    process.clock.schedule(2, () => seen.push("timer"));
    process.post(2, () => seen.push("input"));
    await runAll(time);
    process.clock.defer(() => seen.push("deferred"));
    await runAll(time);
    expect(seen).toEqual([]);
  });

  test("tells when the timers of a process are due", () => {
    const time = createVirtualTime();
    const process = time.process("a");
    process.clock.schedule(30, () => undefined);
    process.clock.schedule(10, () => undefined);
    process.clock.schedule(20, () => undefined)();
    process.clock.schedule(Infinity, () => undefined);
    expect(process.timers()).toEqual([10, 30]);
  });
});
