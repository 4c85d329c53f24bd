// Whole runs of the cluster simulation: what they promise (the same seed, the same run), that every
// kind of fault takes effect, and that a storage which lies is found out. A run that finds nothing
// proves nothing by itself.
import type { FileHandle, FileSystem } from "@raftkit/storage-file";
import { describe, expect, test } from "vitest";
import { planOf } from "../../src/plans/generate.js";
import type { FaultKind, Outcome } from "../../src/plans/plan.js";
import { faultKinds } from "../../src/plans/plan.js";
import { runClusterSimulation, simulate } from "../../src/cluster-simulation/run.js";
import { drawPlan } from "./support/plans.js";

const quiet = { fullTrace: false };

function story({ failure, trace }: Outcome): string {
  return failure === undefined ? "" : `${failure.check}: ${failure.message}\n${trace.join("\n")}`;
}

describe("a run", () => {
  test("is the same for the same plan, line by line, and another one for another seed", async () => {
    const plan = drawPlan(11, { safetyMs: 2000 });
    const [once, again] = [
      await runClusterSimulation(plan, { fullTrace: true }),
      await runClusterSimulation(plan, { fullTrace: true }),
    ];
    expect(again.trace).toEqual(once.trace);
    expect(again.hash).toBe(once.hash);
    expect((await runClusterSimulation({ ...plan, seed: 12 }, quiet)).hash).not.toBe(once.hash);
  });

  test("without faults answers everything", async () => {
    const outcome = await runClusterSimulation(
      { ...drawPlan(3, { safetyMs: 2000, nodes: 3 }), faults: [] },
      quiet,
    );
    expect(story(outcome)).toBe("");
    expect(outcome.operations.answered).toBeGreaterThan(20);
    expect(outcome.operations.unknown).toBeLessThan(outcome.operations.answered / 10);
    expect(outcome.injected.size).toBe(0);
  });

  test("shows its latest events, or all of them", async () => {
    const plan = drawPlan(4, { safetyMs: 1000 });
    const [some, all] = [
      await runClusterSimulation(plan, quiet),
      await runClusterSimulation(plan, { fullTrace: true }),
    ];
    expect(all.trace.length).toBeGreaterThan(some.trace.length);
    expect(all.trace.slice(-some.trace.length)).toEqual(some.trace);
    expect(all.trace.join("\n")).toMatch(/appendEntries term=\d+ prevLogIndex=\d+/);
  });
});

test.each(Array.from({ length: 10 }, (_, i) => i + 1))("seed %i", async (seed) => {
  expect(story(await runClusterSimulation(planOf(seed, "cluster"), quiet))).toBe("");
});

/** Struck by one kind of fault all the time, three or five nodes go on. */
test.each(faultKinds)("%s takes effect, and nothing breaks", async (kind: FaultKind) => {
  let struck = 0;
  for (let seed = 1; seed <= 8 && struck < 3; seed++) {
    const outcome = await runClusterSimulation(
      drawPlan(seed, {
        safetyMs: 2500,
        nodes: seed % 2 === 0 ? 5 : 3,
        kinds: [kind],
        everyMs: 120,
      }),
      quiet,
    );
    expect(story(outcome)).toBe("");
    for (const [cell, count] of outcome.injected) if (cell.startsWith(`${kind} `)) struck += count;
  }
  expect(struck).toBeGreaterThan(0);
});

describe("a storage that lies is found out within a few seeds", () => {
  function withHandles(
    fileSystem: FileSystem,
    change: (handle: FileHandle) => FileHandle,
  ): FileSystem {
    return { ...fileSystem, open: async (path, mode) => change(await fileSystem.open(path, mode)) };
  }

  const lies: readonly (readonly [
    string,
    (fileSystem: FileSystem) => FileSystem,
    readonly FaultKind[],
  ])[] = [
    [
      "one that never syncs its files",
      (real) => withHandles(real, (handle) => ({ ...handle, datasync: () => Promise.resolve() })),
      ["powerCut"],
    ],
    [
      "one that says so before its files are synced",
      (real) =>
        withHandles(real, (handle) => ({
          ...handle,
          datasync: () => {
            handle.datasync().catch(() => undefined);
            return Promise.resolve();
          },
        })),
      ["powerCut"],
    ],
    [
      "one that syncs no directory",
      (real) => ({ ...real, syncDirectory: () => Promise.resolve() }),
      ["lostRename", "powerCut"],
    ],
    [
      "one that swallows a failed sync",
      (real) =>
        withHandles(real, (handle) => ({
          ...handle,
          datasync: () => handle.datasync().catch(() => undefined),
        })),
      ["failedSync"],
    ],
    [
      "one that tries a failed sync again",
      (real) =>
        withHandles(real, (handle) => ({
          ...handle,
          datasync: () => handle.datasync().catch(() => handle.datasync()),
        })),
      ["failedSync", "powerCut"],
    ],
  ];
  test.each(lies)("%s", async (_, tamper, kinds) => {
    const checks: string[] = [];
    for (let seed = 1; seed <= 12 && checks.length === 0; seed++) {
      const { failure } = await simulate(
        drawPlan(seed, { safetyMs: 3000, nodes: 3, kinds, everyMs: 100 }),
        { fullTrace: false, tamper },
      );
      if (failure !== undefined) checks.push(failure.check);
    }
    expect(checks).toHaveLength(1);
    expect([
      "storage",
      "quorum-durability",
      "state-machine-safety",
      "configuration-safety",
      "linearizability",
      "failed",
    ]).toContain(checks[0]);
  });
});
