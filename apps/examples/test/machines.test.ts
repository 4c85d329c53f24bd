// The state machines against the suite that proves one fit for raftkit.
import { machineSuite } from "@raftkit/conformance";
import type { MachineSubject } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createCounter } from "../src/counter/counter.js";
import type { Booking, BookingResult, StockQuery } from "../src/service/inventory.js";
import { createInventory } from "../src/service/inventory.js";
import type { Decision, Take } from "../src/rate-limiter/limiter-machine.js";
import { createLimiterMachine } from "../src/rate-limiter/limiter-machine.js";

const capabilities = ["snapshots", "checked", "atomicRestore", "stableSnapshot"];

const counter: MachineSubject<number, number, "total", number> = {
  machine: createCounter,
  command: (random) => 1 + Math.floor(random() * 9),
  queries: ["total"],
};

/** Some bookings are repeated, and some take more than there is. */
const inventory: MachineSubject<Booking, BookingResult, StockQuery, number> = {
  machine: createInventory,
  command: (random, { step }) => ({
    booking: `b${Math.floor(random() * (step + 1))}`,
    item: random() < 0.5 ? "apple" : "pear",
    quantity: Math.floor(random() * 30) - 10,
  }),
  queries: [{ item: "apple" }, { item: "pear" }],
};

/** Time goes on by half a window a command on average, now and then back. */
const limiter: MachineSubject<Take, Decision, { readonly client: string }, number> = {
  machine: createLimiterMachine,
  command: (random, { step }) => ({
    client: random() < 0.5 ? "alice" : "bob",
    nowMs: step * 100 + Math.floor(random() * 1000),
    limit: 3,
    periodMs: 1000,
  }),
  queries: [{ client: "alice" }, { client: "bob" }],
};

describeSuite("counter", machineSuite, {
  name: "createCounter",
  capabilities,
  create: () => counter as MachineSubject,
});
describeSuite("inventory", machineSuite, {
  name: "createInventory",
  capabilities,
  create: () => inventory as MachineSubject,
});
describeSuite("rate limiter", machineSuite, {
  name: "createLimiterMachine",
  capabilities,
  create: () => limiter as MachineSubject,
});
