// The suite for transports asks for no more than the contract: slow and lossy ones pass. A part of
// the proof, since it takes long.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { transportSuite } from "../../src/transport/suite.js";
import { lossyTransport, slowTransport } from "./legitimate.js";

test.each([slowTransport, lossyTransport])(
  "every case passes for one that $name",
  { timeout: 240_000 },
  async (target) => {
    const results = await runSuite(transportSuite, target);
    expect(
      results.every(({ outcome }) => outcome === "passed"),
      formatReport(results),
    ).toBe(true);
  },
);
