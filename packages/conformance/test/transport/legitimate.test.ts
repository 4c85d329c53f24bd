// The suite for transports asks for no more than the contract: lossy ones pass, and those whose
// addresses are the paths of Unix sockets.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import type { Target } from "../../src/suite.js";
import { transportSuite } from "../../src/transport/suite.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import { lossyTransport } from "./legitimate.js";
import { onUnixSockets } from "./targets.js";

test.each<Target<TransportSubject>>([lossyTransport, onUnixSockets])(
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
