// The suite for transports asks for no more than the contract: slow ones pass. In a file of its own,
// since it takes long.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { transportSuite } from "../../src/transport/suite.js";
import { slowTransport } from "./legitimate.js";

test(`every case passes for one that ${slowTransport.name}`, { timeout: 240_000 }, async () => {
  const results = await runSuite(transportSuite, slowTransport);
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
});
