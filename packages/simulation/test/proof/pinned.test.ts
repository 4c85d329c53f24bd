// The trace hashes of a few seeds, written down: every machine and every Node version must see the same runs. Whoever
// changes what a run does, in core or in the harness, writes the new ones down. It says nothing about what is right.
import { expect, test } from "vitest";
import { planOf } from "../../src/proof/draw.js";
import { runPlan } from "../../src/proof/tier1/run.js";

const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [3, "95002fecea2dcb09"],
  [5, "d9d74950a6e02196"],
  [12, "a33fb697fe3b385a"],
  [30, "d2522dc07f104542"],
];

test.each(pinned)("seed %i has the trace hash %s", (seed, hash) => {
  expect(runPlan(planOf(seed, 1), { fullTrace: false }).hash).toBe(hash);
});
