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
import type { Outcome } from "../../src/plans/plan.js";
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
  const outcome = (tier: 1 | 2, injected: readonly string[]): Outcome => ({
    plan: planOf(1, tier),
    hash: "",
    virtualMs: 7_200_000,
    injected: new Map(injected.map((cell) => [cell, 3])),
    operations: { answered: 5, refused: 0, unknown: 0 },
    failure: undefined,
    trace: [],
  });
  const cells = cellsOf(kindsOf(1));

  test("names the empty cells", () => {
    const totals = newTotals();
    addOutcome(totals, outcome(1, cells.slice(1)), 7_200);
    expect(emptyCells(totals, 1)).toEqual([cells[0]]);
    expect(reportOf(totals)).toContain(
      `coverage of tier 1: ${cells.length - 1} of ${cells.length} cells; empty: ${cells[0]}`,
    );
    addOutcome(totals, outcome(1, cells), 7_200);
    expect(reportOf(totals)).toContain(`coverage of tier 1: all ${cells.length} cells`);
    expect(reportOf(totals)).toContain(
      "tier 1: 2 runs, 4.00 virtual hours, 1000 virtual seconds per second of one core",
    );
  });

  test("lets no tier fill another's cells, and asks for all of them from enough seeds on", () => {
    const totals = newTotals();
    for (let seed = 1; seed <= fullCoverageSeeds[1]; seed++) {
      expect(isCovered(totals)).toBe(true);
      addOutcome(totals, outcome(1, cells.slice(1)), 1);
    }
    addOutcome(totals, outcome(2, cellsOf(kindsOf(2))), 1);
    expect(emptyCells(totals, 2)).toEqual([]);
    for (const cell of cellsOf(kindsOf(2))) {
      expect(demandedCells(1).includes(cell) || demandedCells(2).includes(cell), cell).toBe(true);
    }
    expect(emptyCells(totals, 1)).toEqual([cells[0]]);
    expect(isCovered(totals)).toBe(false);
    addOutcome(totals, outcome(1, cells), 1);
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

test("a plan from a file is told line by line, and is the run of its seed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-plan-"));
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const complained = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const plan = { ...planOf(4, 1), safetyMs: 1_000 };
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
      expect.stringContaining("no plan can be read there"),
    ]);
  } finally {
    said.mockRestore();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("one seed is told in both tiers, or in the one that is named", async () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const summaries = (): readonly string[] =>
    said.mock.calls
      .flat()
      .join("\n")
      .match(/seed 2, tier \d/g) ?? [];
  try {
    expect(await main(["simulate", "--seed", "2"])).toBe(0);
    expect(summaries()).toEqual(["seed 2, tier 1", "seed 2, tier 2"]);
    said.mockClear();
    expect(await main(["simulate", "--seed", "2", "--tier", "2"])).toBe(0);
    expect(summaries()).toEqual(["seed 2, tier 2"]);
  } finally {
    said.mockRestore();
  }
});

test("a plan is carried out in its tier", async () => {
  for (const tier of [1, 2] as const) {
    const outcome = await runPlanned(planOf(2, tier), false);
    expect(outcome).toMatchObject({ failure: undefined, plan: { seed: 2, tier } });
    expect(outcome.operations.answered).toBeGreaterThan(0);
  }
});

test("a worker that ends during a run is no run without a failure", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-pool-"));
  try {
    writeFileSync(join(folder, "worker.mjs"), 'process.on("message", () => process.exit(0));');
    const done = runAll(
      [{ seed: 1, tier: 1, nodes: undefined }],
      1,
      () => true,
      pathToFileURL(join(folder, "worker.mjs")),
    );
    await expect(done).rejects.toThrow("a worker ended with 0 during a run");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
