// The suite for codecs is right: a right codec passes it, and each wrong one fails where its fault
// is named.
import { expect, test } from "vitest";
import { codecSuite } from "../../src/codec/suite.js";
import { failed, formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { proveSuite } from "../support/caught.js";
import { wrongCodecs } from "../wrong/codecs.js";
import { wrongCodecsInDisguise } from "../wrong/codecs-in-disguise.js";
import { createToyCodec } from "./toy.js";

test("the toy codec passes", async () => {
  const results = await runSuite(codecSuite, {
    name: "toy",
    capabilities: ["deterministic"],
    create: () => createToyCodec(),
  });
  expect(failed(results), formatReport(results)).toBe(false);
  expect(results.every(({ outcome }) => outcome === "passed")).toBe(true);
});

proveSuite(codecSuite, [...wrongCodecs, ...wrongCodecsInDisguise]);
