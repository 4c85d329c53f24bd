// The state machines against the suite that proves one fit for raftkit.
import { machineSuite } from "@raftkit/conformance";
import type { MachineSubject } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import type { StateMachine } from "raftkit";
import type { Configuration } from "../src/configuration/configuration.js";
import { createConfiguration } from "../src/configuration/configuration.js";
import { createCounter } from "../src/counter/counter.js";
import type { LockMachine } from "../src/lock/lock-machine.js";
import { createLockMachine } from "../src/lock/lock-machine.js";
import type { Inventory } from "../src/service/inventory.js";
import { createInventory } from "../src/service/inventory.js";
import type { LimiterMachine } from "../src/rate-limiter/limiter-machine.js";
import { createLimiterMachine } from "../src/rate-limiter/limiter-machine.js";
import { createAccount } from "../src/upgrade/account.js";

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

/** Two owners, two locks; some are released, some expire. */
const locks: SubjectOf<LockMachine> = {
  machine: createLockMachine,
  command: (random) => ({
    name: random() < 0.5 ? "reports" : "invoices",
    owner: random() < 0.5 ? "alice" : "bob",
    ...(random() < 0.7 ? { type: "acquire", ttlMs: 500 } : { type: "release" }),
  }),
  queries: ["reports", "invoices"],
};

const settings: SubjectOf<Configuration> = {
  machine: createConfiguration,
  command: (random, { step }) => ({
    name: random() < 0.5 ? "colour" : "limit",
    value: String(step),
    ifVersion: random() < 0.8 ? undefined : 0,
  }),
  queries: ["colour", "limit"],
};

const account: SubjectOf<ReturnType<typeof createAccount>> = {
  machine: createAccount,
  command(random) {
    const amount = Math.floor(random() * 100);
    if (random() < 0.5) return { type: "deposit", amount };
    return { type: "withdraw", amount, ...(random() < 0.5 ? { v: 2 } : {}) };
  },
  queries: ["balance", "refused"],
};

describeSuite("locks", machineSuite, {
  name: "createLockMachine",
  capabilities,
  create: () => locks as MachineSubject,
});
describeSuite("settings", machineSuite, {
  name: "createConfiguration",
  capabilities,
  create: () => settings as MachineSubject,
});
describeSuite("account", machineSuite, {
  name: "createAccount",
  capabilities,
  create: () => account as MachineSubject,
});
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
