// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in core or in the harness, writes the new ones down.
// It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/plans/generate.js";
import { runPlan } from "../../src/core-simulation/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "68edec99ff0e6211"],
  [5, "260e303afc05f821"],
  [12, "6b45c85dcb27917e"],
  [30, "5a837f1ec6c528e1"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, "core"), { fullTrace: false }).hash).toBe(hash);
});
