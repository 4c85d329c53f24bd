// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in core or in the harness, writes the new ones down.
// It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/plans/generate.js";
import { runPlan } from "../../src/core-simulation/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "b6f4127a31ee8d42"],
  [5, "bf9f618e31ef1c4f"],
  [12, "79f4fb48624f6539"],
  [30, "1b6f6c5659f297d4"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, 1), { fullTrace: false }).hash).toBe(hash);
});
