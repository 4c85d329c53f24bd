// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in core or in the harness, writes the new ones down.
// It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/plans/generate.js";
import { runPlan } from "../../src/core-simulation/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "6f14c3c504dd92e2"],
  [5, "86d42cd5234b9950"],
  [12, "f789acbe929f34db"],
  [30, "468b770051d5a90a"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, "core"), { fullTrace: false }).hash).toBe(hash);
});
