// The trace hashes of a few seeds, written down: every machine and every Node version must see the same runs. Whoever
// changes what a run does, in core or in the harness, writes the new ones down. It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/proof/draw.js";
import { runPlan } from "../../src/proof/tier1/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "cc458da7bdf88a79"],
  [5, "142f72c35456233d"],
  [12, "322fac20bc4b376a"],
  [30, "7476b9f7f52558f4"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, 1), { fullTrace: false }).hash).toBe(hash);
});
