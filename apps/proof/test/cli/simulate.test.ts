// The command around the runs: its options, its report, and a plan from a file.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { cellsOf, demandedCells, kindsOf } from "../../src/plans/coverage.js";
import { planOf } from "../../src/plans/generate.js";
import { runPlanned } from "../../src/cli/simulate/run-plan.js";
import { main } from "../../src/cli/program.js";
import type { Outcome, Simulation } from "../../src/plans/plan.js";
import { simulations } from "../../src/plans/plan.js";
import { runAll } from "../../src/cli/simulate/pool.js";
import {
  addOutcome,
  emptyCells,
  fullCoverageSeeds,
  isCovered,
  newTotals,
  progressOf,
  reportOf,
} from "../../src/cli/simulate/report.js";

describe("the report", () => {
  const outcome = (simulation: Simulation, injected: readonly string[]): Outcome => ({
    plan: planOf(1, simulation),
    hash: "",
    virtualMs: 7_200_000,
    injected: new Map(injected.map((cell) => [cell, 3])),
    operations: { answered: 5, refused: 0, unknown: 0 },
    failure: undefined,
    trace: [],
  });
  const cells = demandedCells("core");

  test("names the empty cells", () => {
    const totals = newTotals();
    addOutcome(totals, outcome("core", cells.slice(1)), 7_200);
    expect(emptyCells(totals, "core")).toEqual([cells[0]]);
    expect(reportOf(totals)).toContain(
      `coverage of the core simulation: ${cells.length - 1} of ${cells.length} cells; empty: ${cells[0]}`,
    );
    addOutcome(totals, outcome("core", cells), 7_200);
    expect(reportOf(totals)).toContain(
      `coverage of the core simulation: all ${cells.length} cells`,
    );
    expect(reportOf(totals)).toContain(
      "core simulation: 2 runs, 4.00 virtual hours, 1000 virtual seconds per second of one core",
    );
  });

  test("lets no simulation fill another's cells, and asks for all of them from enough seeds on", () => {
    const totals = newTotals();
    for (let seed = 1; seed <= fullCoverageSeeds.core; seed++) {
      expect(isCovered(totals)).toBe(true);
      addOutcome(totals, outcome("core", cells.slice(1)), 1);
    }
    const ofClusters = [...cellsOf(kindsOf("cluster")), ...demandedCells("cluster")];
    addOutcome(totals, outcome("cluster", ofClusters), 1);
    expect(emptyCells(totals, "cluster")).toEqual([]);
    for (const cell of cellsOf(kindsOf("cluster"))) {
      expect(
        demandedCells("core").includes(cell) || demandedCells("cluster").includes(cell),
        cell,
      ).toBe(true);
    }
    expect(emptyCells(totals, "core")).toEqual([cells[0]]);
    expect(isCovered(totals)).toBe(false);
    addOutcome(totals, outcome("core", cells), 1);
    expect(isCovered(totals)).toBe(true);
  });

  test("shows progress in plain lines, where there is no terminal at every tenth only", () => {
    const lines = Array.from({ length: 200 }, (_, i) => progressOf(i + 1, 200, 0, false)).filter(
      (line) => line !== undefined,
    );
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe("200/200 runs\n");
    expect(progressOf(50, 100, 2, true)).toBe(
      `\r[${"#".repeat(15)}${" ".repeat(15)}] 50/100 runs, 2 failed`,
    );
  });
});

test("a plan from a file is replayed line by line, and is the run of its seed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-plan-"));
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const complained = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const plan = { ...planOf(4, "core"), safetyMs: 1_000 };
    writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
    expect(
      await main([
        "simulate",
        "--plan",
        join(folder, "plan.json"),
        "--trace",
        join(folder, "trace.txt"),
      ]),
    ).toBe(0);
    const lines = readFileSync(join(folder, "trace.txt"), "utf8");
    expect(lines).toContain("everything heals");
    expect(said.mock.calls.flat().join("\n")).toMatch(/trace hash [0-9a-f]{16}/);
    expect(await main(["simulate", "--plan", join(folder, "trace.txt")])).toBe(2);
    expect(complained.mock.calls.flat()).toEqual([
      expect.stringContaining("can't be read as a plan"),
    ]);
  } finally {
    said.mockRestore();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("one seed is replayed in both simulations, or in the one that is named", async () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const summaries = (): readonly string[] =>
    said.mock.calls
      .flat()
      .join("\n")
      .match(/seed 4, \w+ simulation/g) ?? [];
  try {
    expect(await main(["simulate", "--seed", "4"])).toBe(0);
    expect(summaries()).toEqual(["seed 4, core simulation", "seed 4, cluster simulation"]);
    said.mockClear();
    expect(await main(["simulate", "--seed", "4", "--simulation", "cluster"])).toBe(0);
    expect(summaries()).toEqual(["seed 4, cluster simulation"]);
  } finally {
    said.mockRestore();
  }
});

test("a plan is carried out in its simulation", async () => {
  for (const simulation of simulations) {
    const outcome = await runPlanned(planOf(4, simulation), false);
    expect(outcome).toMatchObject({ failure: undefined, plan: { seed: 4, simulation } });
    expect(outcome.operations.answered).toBeGreaterThan(0);
  }
});

test("a worker that ends during a run is no run without a failure", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-pool-"));
  try {
    writeFileSync(join(folder, "worker.mjs"), 'process.on("message", () => process.exit(0));');
    const done = runAll(
      [{ seed: 1, simulation: "core", nodes: undefined }],
      1,
      () => true,
      pathToFileURL(join(folder, "worker.mjs")),
    );
    await expect(done).rejects.toThrow("a worker ended with 0 during a run");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
