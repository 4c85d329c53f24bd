// The suite for codecs is right: a right codec passes it, and each wrong one fails where its fault
// is named.
import { expect, test } from "vitest";
import { codecSuite } from "../../src/codec/suite.js";
import { failed, formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { proveSuite } from "../support/caught.js";
import { wrongCodecs } from "../wrong/codecs.js";
import { wrongCodecsInDisguise } from "../wrong/codecs-in-disguise.js";
import { createRefusingCodec, createToyCodec } from "./toy.js";

test.each([
  ["that carries everything", createToyCodec],
  ["that refuses what may be refused", createRefusingCodec],
])("a toy codec %s passes", async (_which, create) => {
  const results = await runSuite(codecSuite, {
    name: "toy",
    capabilities: ["deterministic"],
    create: () => create(),
  });
  expect(failed(results), formatReport(results)).toBe(false);
  expect(results.every(({ outcome }) => outcome === "passed")).toBe(true);
});

proveSuite(codecSuite, [...wrongCodecs, ...wrongCodecsInDisguise]);
