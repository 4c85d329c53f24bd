// The state machines against the suite that proves one fit for raftkit.
import { machineSuite } from "@raftkit/conformance";
import type { MachineSubject } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import type { StateMachine } from "raftkit";
import { createCounter } from "../src/counter/counter.js";
import type { Inventory } from "../src/service/inventory.js";
import { createInventory } from "../src/service/inventory.js";
import type { LimiterMachine } from "../src/rate-limiter/limiter-machine.js";
import { createLimiterMachine } from "../src/rate-limiter/limiter-machine.js";

type SubjectOf<Machine> =
  Machine extends StateMachine<infer Command, infer Result, infer Query, infer Answer>
    ? MachineSubject<Command, Result, Query, Answer>
    : never;

const capabilities = ["snapshots", "checked", "atomicRestore", "stableSnapshot"];

const counter: MachineSubject<number, number, "total", number> = {
  machine: createCounter,
  command: (random) => 1 + Math.floor(random() * 9),
  queries: ["total"],
};

/** Some bookings are repeated, and some take more than there is. */
const inventory: SubjectOf<Inventory> = {
  machine: createInventory,
  command: (random, { step }) => ({
    booking: `b${Math.floor(random() * (step + 1))}`,
    item: random() < 0.5 ? "apple" : "pear",
    quantity: Math.floor(random() * 30) - 10,
  }),
  queries: [{ item: "apple" }, { item: "pear" }, { booking: "b7" }, { booking: "b99" }],
};

/** Time goes on by half a window a command on average, now and then back. */
const limiter: SubjectOf<LimiterMachine> = {
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
