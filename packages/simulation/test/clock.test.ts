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

  test("runs on until nothing is due, or as long as it is to", async () => {
    const time = createVirtualTime();
    const seen: number[] = [];
    for (const at of [1, 2, 3, 4]) time.at(at, () => seen.push(at));
    expect(await time.run(3, () => seen.length < 2)).toBe(true);
    expect(seen).toEqual([1, 2]);
    expect(await time.run(3, () => true)).toBe(false);
    expect(seen).toEqual([1, 2, 3]);
    expect(await time.run(4, () => false)).toBe(true);
    expect(await time.step(4)).toBe(true);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("what a listener begins goes on before the next event", async () => {
    const time = createVirtualTime();
    const seen: string[] = [];
    for (const at of [1, 2]) time.at(at, () => seen.push(`event ${at}`));
    time.onStep(() => void Promise.resolve().then(() => seen.push("listener")));
    await time.run(3, () => true);
    expect(seen).toEqual(["event 1", "listener", "event 2", "listener"]);
  });

  test("what an event or a listener throws ends the run", async () => {
    const time = createVirtualTime();
    const seen: number[] = [];
    time.at(1, () => {
      throw new Error("by an event");
    });
    time.at(2, () => seen.push(2));
    time.onStep(() => {
      if (seen.length > 0) throw new Error("by a listener");
    });
    const isToGoOn = (): boolean => true;
    await expect(time.run(3, isToGoOn)).rejects.toThrow("by an event");
    await expect(time.run(3, isToGoOn)).rejects.toThrow("by a listener");
    await expect(
      time.run(3, () => {
        throw new Error("by who runs it");
      }),
    ).rejects.toThrow("by who runs it");
  });

  test("jumps to what is due: no waiting", async () => {
    const time = createVirtualTime();
    const { clock } = time.process("a");
    let at = 0;
    clock.schedule(86_400_000, () => {
      at = clock.now();
    });
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
    const cancel = clock.schedule(5, () => {
      ran = true;
    });
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

  test("a clock that runs too fast rings early, one that runs too slow rings late; both read what they rang for", async () => {
    const time = createVirtualTime();
    const seen: string[] = [];
    for (const [name, rate] of [
      ["fast", 1.25],
      ["slow", 0.8],
    ] as const) {
      const process = time.process(name);
      process.clock.schedule(100, () => seen.push(`${name} ${process.clock.now()}@${time.now()}`));
      process.setRate(rate);
    }
    await runAll(time);
    expect(seen).toEqual(["fast 100@80", "slow 100@125"]);
  });

  test("whatever the rate, a timer finds its time come", async () => {
    const time = createVirtualTime();
    const random = createRandom(3);
    const process = time.process("a");
    let early = 0;
    for (let i = 0; i < 2000; i++) {
      process.setRate(random.between(0.7, 1.3));
      const at = process.clock.now() + random.between(0, 10);
      process.clock.schedule(at, () => {
        if (process.clock.now() < at) early++;
      });
      await runAll(time);
    }
    expect(early).toBe(0);
  });

  test("a clock that jumps rings at once for what it jumped over; one that stands still rings for nothing", async () => {
    const time = createVirtualTime();
    const process = time.process("a");
    const seen: string[] = [];
    process.clock.schedule(50, () => seen.push(`50: ${process.clock.now()}@${time.now()}`));
    process.clock.schedule(200, () => seen.push(`200: ${process.clock.now()}@${time.now()}`));
    process.jump(80);
    await runAll(time, 10);
    process.setRate(0);
    await runAll(time);
    expect(seen).toEqual(["50: 80@0"]);
    time.advanceTo(500);
    process.setRate(1);
    await runAll(time);
    expect(seen).toEqual(["50: 80@0", "200: 200@620"]);
  });

  test("interrupts a program between any two of its awaits", async () => {
    async function stopAfter(jobs: number): Promise<number> {
      const time = createVirtualTime();
      const process = time.process("a");
      let reached = 0;
      process.post(1, () => {
        void (async () => {
          for (; reached < 10; reached++) {
            await Promise.resolve();
            if (process.stopped) return;
          }
        })();
      });
      process.interrupt(jobs, () => process.stop());
      await runAll(time);
      return reached;
    }
    expect(await Promise.all([0, 1, 2, 5, 20].map(stopAfter))).toEqual([0, 0, 1, 4, 10]);
  });

  test("hands input over within an event of the world, to a stalled process when it runs again, to a stopped one never", async () => {
    const time = createVirtualTime();
    const process = time.process("a");
    const seen: string[] = [];
    const stepped: (string | undefined)[] = [];
    time.onStep((whose) => {
      stepped.push(whose?.name);
    });
    const hand = (at: number): void => {
      time.at(at, () => process.handOver(() => seen.push(`${at}@${time.now()}`)));
    };
    hand(1);
    time.at(2, () => process.stallFor(10));
    hand(5);
    time.at(20, () => process.stop());
    hand(21);
    await runAll(time);
    expect(seen).toEqual(["1@1", "5@12"]);
    expect(stepped).toEqual(["a", undefined, undefined, "a", undefined, "a"]);
  });
});
