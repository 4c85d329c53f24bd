// What the state machines decide; that they are deterministic and restore is the suite's part.
import { expect, test } from "vitest";
import { createLimiterMachine } from "../src/rate-limiter/limiter-machine.js";
import type { Booking } from "../src/service/inventory.js";
import { createInventory } from "../src/service/inventory.js";

const context = { index: 1, term: 1, elapsedMs: 0 };

test("a booking counts once, is refused when stock is short, and keeps its name to itself", () => {
  const machine = createInventory();
  const apply = (booking: Booking): unknown => machine.apply(booking, context);
  const delivery = { booking: "d1", item: "apple", quantity: 5 };
  const order = { booking: "o1", item: "apple", quantity: -3 };
  expect(apply(delivery)).toEqual({ outcome: "booked", stock: 5 });
  expect(apply(order)).toEqual({ outcome: "booked", stock: 2 });
  expect(apply(delivery)).toEqual({ outcome: "booked", stock: 5 });
  expect(apply({ ...order, quantity: -1 })).toEqual({ outcome: "bookingTaken" });
  const large = { ...order, booking: "o2" };
  expect(apply(large)).toEqual({ outcome: "outOfStock", stock: 2 });
  expect(machine.query({ item: "apple" })).toBe(2);
  expect(machine.query({ booking: "o1" })).toEqual({ item: "apple", quantity: -3, stock: 2 });
  expect(machine.query({ booking: "o2" })).toBeUndefined();
});

test("the limit is counted by client and window, and a clock that is behind opens no new one", () => {
  const machine = createLimiterMachine();
  const take = (client: string, nowMs: number): unknown =>
    machine.apply({ client, nowMs, limit: 2, periodMs: 1000 }, context);
  expect(take("alice", 5000)).toEqual({ allowed: true, left: 1 });
  expect(take("alice", 5900)).toEqual({ allowed: true, left: 0 });
  expect(take("alice", 5900)).toEqual({ allowed: false, retryAfterMs: 100 });
  expect(take("bob", 5900)).toEqual({ allowed: true, left: 1 });
  expect(take("alice", 6000)).toEqual({ allowed: true, left: 1 });
  expect(take("bob", 4999)).toEqual({ allowed: true, left: 1 });
  expect(take("bob", 5000)).toEqual({ allowed: true, left: 0 });
  expect(take("bob", 5000)).toEqual({ allowed: false, retryAfterMs: 2000 });
});
