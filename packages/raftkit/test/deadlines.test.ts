// Timeouts of many calls: each on time, and none that ended is kept.
import { expect, test } from "vitest";
import { PendingCall } from "../src/pending-call.js";
import { createDeadlines } from "../src/deadlines.js";
import { createVirtualClock } from "./support/clock.js";
import { countKept } from "./support/garbage.js";

class Ended extends PendingCall {
  readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    super();
    this.data = data;
    this.end();
  }

  override expire(): void {
    expect.unreachable("it ended before");
  }

  override abort(): void {}
}

class Pending extends PendingCall {
  expired = 0;
  succeeded = 0;

  succeed(): void {
    if (this.end()) this.succeeded++;
  }

  override expire(): void {
    if (this.end()) this.expired++;
  }

  override abort(): void {}
}

test("a call that waits long doesn't keep those that came after it and ended", async () => {
  const deadlines = createDeadlines(createVirtualClock());
  deadlines.add(new Pending(), 3_600_000);
  const refs = Array.from({ length: 10_000 }, () => {
    const call = new Ended(new Uint8Array(1000));
    deadlines.add(call, 3_600_000);
    return new WeakRef(call);
  });
  expect(await countKept(refs, 1499)).toBeLessThan(1500);
});

test("those that are left expire on time, in order, after many others ended", async () => {
  const clock = createVirtualClock();
  const deadlines = createDeadlines(clock);
  const pending: Pending[] = [];
  for (let i = 0; i < 5000; i++) {
    const call = i % 1000 === 0 ? new Pending() : new Ended(new Uint8Array(0));
    if (call instanceof Pending) pending.push(call);
    deadlines.add(call, 100);
  }
  await clock.run(99);
  expect(pending.map(({ expired }) => expired)).toEqual([0, 0, 0, 0, 0]);
  await clock.run(1);
  expect(pending.map(({ expired }) => expired)).toEqual([1, 1, 1, 1, 1]);
  expect(clock.timers).toBe(0);
});

test("after a stall the answers that have arrived already come first (hazard 62)", async () => {
  const clock = createVirtualClock();
  const deadlines = createDeadlines(clock);
  const answered = new Pending();
  const lost = new Pending();
  deadlines.add(answered, 100);
  deadlines.add(lost, 100);
  await clock.flush();
  clock.stall(500);
  clock.defer(() => answered.succeed());
  await clock.flush();
  expect([answered.succeeded, answered.expired, lost.expired]).toEqual([1, 0, 1]);
});
