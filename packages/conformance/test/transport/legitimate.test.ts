// The suite for transports asks for no more than the contract: one whose addresses are the paths of
// Unix sockets passes. Those that are slow or lose much are a part of the proof.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { transportSuite } from "../../src/transport/suite.js";
import { onUnixSockets } from "./targets.js";

test(`every case passes for one that ${onUnixSockets.name}`, { timeout: 240_000 }, async () => {
  const results = await runSuite(transportSuite, onUnixSockets);
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
});
