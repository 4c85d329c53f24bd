// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in core or in the harness, writes the new ones down.
// It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/proof/draw.js";
import { runPlan } from "../../src/proof/tier1/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "b60c4860933ae064"],
  [5, "15d4cf9e8dd61b32"],
  [12, "d852332d190a54f7"],
  [30, "432ea9e1c1e777f6"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, 1), { fullTrace: false }).hash).toBe(hash);
});
