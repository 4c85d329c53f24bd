// The suite for transports is right: a right transport passes it.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { transportSuite } from "../../src/transport/suite.js";
import { toy } from "./targets.js";

test("the toy transport passes", { timeout: 60_000 }, async () => {
  const results = await runSuite(transportSuite, toy("toy"));
  expect(results.every(({ outcome }) => outcome === "passed"), formatReport(results)).toBe(true);
});
