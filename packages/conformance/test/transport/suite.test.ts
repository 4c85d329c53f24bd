// The suite for transports is right: a right transport passes it, and each wrong one fails where its fault is named.
import { expect, test } from "vitest";
import { transportSuite } from "../../src/index.js";
import { failed, formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { proveSuite } from "../support/caught.js";
import { toyTarget } from "./toy.js";
import { wrongTransports } from "./wrong-transports.js";

test("the toy transport passes all that a network without bytes on wires can be asked", async () => {
  const results = await runSuite(transportSuite, toyTarget("toy"));
  expect(failed(results), formatReport(results)).toBe(false);
  expect(results.filter(({ outcome }) => outcome === "passed").map(({ id }) => id)).toHaveLength(38);
}, 120_000);

proveSuite(transportSuite, wrongTransports);
