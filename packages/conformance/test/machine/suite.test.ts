// The suite for state machines is right: a right machine passes it, and each wrong one fails where
// its fault is named.
import { afterEach, expect, test, vi } from "vitest";
import type { MachineSubject } from "../../src/machine/subject.js";
import { machineSuite } from "../../src/machine/suite.js";
import { failed, formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { proveSuite } from "../support/caught.js";
import { createVirtualTimers } from "../support/virtual-timers.js";
import { toyCapabilities } from "../support/wrong-machine.js";
import { wrongMachines } from "../wrong/machines.js";
import { wrongCaptures } from "../wrong/machines-captures.js";
import { wrongMachinesElsewhere } from "../wrong/machines-elsewhere.js";
import { createSlowSubject, createToySubject } from "./toy.js";
import type { Command, Query, Result } from "./toy.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("the toy machine passes", async () => {
  const results = await runSuite(machineSuite, {
    name: "toy",
    capabilities: toyCapabilities,
    create: () => createToySubject() as MachineSubject,
  });
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
});

test("a machine that takes its time passes, with fewer commands", async () => {
  const timers = createVirtualTimers();
  vi.stubGlobal("setTimeout", timers.setTimeout);
  vi.stubGlobal("clearTimeout", timers.clearTimeout);
  vi.spyOn(performance, "now").mockImplementation(() => timers.now());
  const results = await timers.run(
    runSuite(machineSuite, {
      name: "slow",
      capabilities: [
        "snapshots",
        "checked",
        "atomicRestore",
        "stableSnapshot",
        "durable",
        "versioned",
      ],
      create: () => createSlowSubject(100),
    }),
  );
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
  expect(timers.now()).toBeGreaterThan(60_000);
});

test("a machine without snapshots passes, and what isn't tried is counted", async () => {
  const results = await runSuite(machineSuite, {
    name: "counter",
    capabilities: [],
    create: (): MachineSubject => ({
      machine: () => {
        let total = 0;
        return { apply: (add) => (total += Number(add)), query: () => total };
      },
      command: (random) => Math.floor(random() * 10),
      queries: ["total"],
    }),
  });
  expect(failed(results), formatReport(results)).toBe(false);
  expect(results.filter(({ outcome }) => outcome === "passed")).toHaveLength(13);
  const missing = results.flatMap((one) => (one.outcome === "skipped" ? [one.missing] : []));
  expect(new Set(missing)).toEqual(new Set(["snapshots", "durable"]));
});

test("commands may name what earlier results told", async () => {
  let seen: readonly unknown[] = [];
  const results = await runSuite(
    machineSuite,
    {
      name: "ids",
      capabilities: ["snapshots"],
      create: () =>
        ({
          ...createToySubject(),
          command: (random, { step, results: before }) => {
            if (before.length > seen.length) seen = [...before];
            expect(before).toHaveLength(step);
            return {
              op: "append",
              key: "a",
              items: [Math.floor(random() * 100), before.at(-1)?.writes ?? 0],
            };
          },
        }) satisfies MachineSubject<Command, Result, Query, unknown> as MachineSubject,
    },
    { only: ["MACHINE-09", "MACHINE-28"] },
  );
  expect(failed(results), formatReport(results)).toBe(false);
  expect(seen.at(-1)).toMatchObject({ writes: seen.length });
});

proveSuite(machineSuite, [...wrongMachines, ...wrongMachinesElsewhere, ...wrongCaptures]);
