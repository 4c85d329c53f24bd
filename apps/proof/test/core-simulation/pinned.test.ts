// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in core or in the harness, writes the new ones down.
// It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/plans/generate.js";
import { runPlan } from "../../src/core-simulation/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "eee75755a8c608b6"],
  [5, "018518a6c943b48f"],
  [12, "536049aa84704456"],
  [30, "4d3346fb2674b620"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, "core"), { fullTrace: false }).hash).toBe(hash);
});
