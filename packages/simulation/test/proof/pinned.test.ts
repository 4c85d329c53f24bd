// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in core or in the harness, writes the new ones down.
// It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/proof/draw.js";
import { runPlan } from "../../src/proof/tier1/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "ac7c823ff9ec41f0"],
  [5, "8d1d4c46e1b67378"],
  [12, "3a2ef21ed11471d1"],
  [30, "bb3540e354ca52c0"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, 1), { fullTrace: false }).hash).toBe(hash);
});
