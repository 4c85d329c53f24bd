// The suite for transports is right: a right transport passes it, and what a target lacks is not blamed on its adapter.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { transportSuite } from "../../src/transport/suite.js";
import { toy } from "./targets.js";

test("the toy transport passes", { timeout: 60_000 }, async () => {
  const results = await runSuite(transportSuite, toy("toy"));
  expect(results.every(({ outcome }) => outcome === "passed"), formatReport(results)).toBe(true);
});

test("a declared capability without its control is told as such, not blamed on the adapter", async () => {
  const { address, transport } = await toy("toy").create();
  const results = await runSuite(transportSuite, { name: "no links", capabilities: ["cut", "queue"], create: () => ({ address, transport }) });
  const messages = results.flatMap((result) => (result.outcome === "failed" ? [`${result.id} ${result.error.message}`] : []));
  expect(messages).toEqual([
    'TRANSPORT-37 the target declares "queue", but what it creates has no maxQueueBytes; add it, or don\'t declare the capability',
    'TRANSPORT-41 the target declares "cut", but what it creates has no links.cut; add it, or don\'t declare the capability',
  ]);
});
