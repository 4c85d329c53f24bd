// The trace hashes of a few seeds, written down: every machine and every Node version must see the
// same runs. Whoever changes what a run does, in the packages or in the harness, writes the new
// ones down. It says nothing about what is right.
import { expect, test } from "vitest";
import { runClusterSimulation } from "../../src/cluster-simulation/run.js";
import { planOf } from "../../src/plans/generate.js";

/**
 * Neither snapshots nor sessions, sessions, snapshots, both; members that change, with snapshots,
 * and with all of it and leases.
 */
const pinned: readonly (readonly [seed: number, hash: string])[] = [
  [4, "0c72432217d573f6"],
  [10, "fa8eeb03292c7363"],
  [18, "7a6d0041ccd465be"],
  [3, "54f15229a085d410"],
  [182, "b9972533df1322af"],
  [123, "edc5a17365db3cd5"],
];

test.each(pinned)("seed %i has the trace hash %s", async (seed, hash) => {
  const { hash: found } = await runClusterSimulation(planOf(seed, "cluster"), { fullTrace: false });
  expect(found).toBe(hash);
});
