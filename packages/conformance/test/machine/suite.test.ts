// The suite for state machines is right: a right machine passes it, and each wrong one fails where
// its fault is named.
import { expect, test } from "vitest";
import type { MachineSubject } from "../../src/machine/subject.js";
import { machineSuite } from "../../src/machine/suite.js";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { proveSuite } from "../support/caught.js";
import { wrongMachines } from "../wrong/machines.js";
import { createToySubject } from "./toy.js";

test("the toy machine passes", async () => {
  const results = await runSuite(machineSuite, {
    name: "toy",
    capabilities: ["checked", "atomicRestore", "stableSnapshot", "durable"],
    create: () => createToySubject() as MachineSubject,
  });
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
});

proveSuite(machineSuite, wrongMachines);
