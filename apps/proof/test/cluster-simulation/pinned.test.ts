// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in the packages or in the harness, writes the new ones
// down. It says nothing about what is right.
import { expect, test } from "vitest";
import { runClusterSimulation } from "../../src/cluster-simulation/run.js";
import { planOf } from "../../src/plans/generate.js";

/** Neither snapshots nor sessions, sessions, snapshots, both. */
const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [4, "0c72432217d573f6"],
  [10, "fa8eeb03292c7363"],
  [182, "1f6da2671beae91c"],
  [123, "6df32c2fe314db37"],
];

test.each(pinned)("seed %i has the trace hash %s", async (seed, hash) => {
  const { hash: found } = await runClusterSimulation(planOf(seed, "cluster"), { fullTrace: false });
  expect(found).toBe(hash);
});
