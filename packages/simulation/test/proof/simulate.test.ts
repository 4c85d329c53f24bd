import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseOptions } from "../../src/proof/cli/options.js";
import type { Job, JobResult, Runner } from "../../src/proof/cli/pool.js";
import { createTotals, progressBar } from "../../src/proof/cli/report.js";
import { simulate } from "../../src/proof/cli/simulate.js";
import { cellsOf, kindsOf } from "../../src/proof/coverage.js";
import { planOf } from "../../src/proof/draw.js";
import { isPlan } from "../../src/proof/plan-guard.js";

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), "raftkit-simulate-")); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const result = (job: Job, cells: readonly string[], check?: string): JobResult => ({
  ...job, tookMs: 10,
  outcome: { hash: "", virtualMs: 3_600, injected: new Map(cells.map((cell) => [cell, 2])), operations: { answered: 5, refused: 1, unknown: 1 }, failure: check === undefined ? undefined : { check, message: "seen" } },
});

async function run(args: readonly string[], answer: (job: Job) => JobResult = (job) => result(job, [])): Promise<{ readonly code: number; readonly text: string; readonly jobs: readonly Job[] }> {
  const lines: string[] = [];
  const jobs: Job[] = [];
  const createRunner = (): Runner => ({
    run(job) {
      jobs.push(job);
      return Promise.resolve(answer(job));
    },
    close: () => Promise.resolve(),
  });
  const code = await simulate(args, { print: (line) => lines.push(line), complain: (line) => lines.push(line), replaceLine: undefined, createRunner, directory });
  return { code, text: lines.join("\n"), jobs };
}

describe("many seeds", () => {
  test("run each in both tiers, each once", async () => {
    const { code, text, jobs } = await run(["--seeds", "3", "--from", "7", "--workers", "2"]);
    expect(jobs.map(({ seed, tier }) => `${seed}/${tier}`).toSorted()).toEqual(["7/1", "7/2", "8/1", "8/2", "9/1", "9/2"]);
    expect(text).toContain("seeds 7 to 9: 6 passed, 0 failed");
    expect(code).toBe(0);
  });

  test("from two hundred on must fill every cell of the coverage matrix", async () => {
    const everything = cellsOf(kindsOf(1));
    const full = await run(["--seeds", "200", "--tier", "1"], (job) => result(job, everything));
    expect(full.text).toContain(`${everything.length} of ${everything.length} cells filled`);
    expect(full.code).toBe(0);
    const lacking = await run(["--seeds", "200", "--tier", "1"], (job) => result(job, everything.slice(1)));
    expect(lacking.text).toContain(`empty: ${everything[0]}`);
    expect(lacking.code).toBe(1);
    expect((await run(["--seeds", "199", "--tier", "1"], (job) => result(job, everything.slice(1)))).code).toBe(0);
  });

  test("that fail end in 1, with the command that repeats them; what doesn't fail again is said so", async () => {
    const { code, text } = await run(["--seeds", "5", "--tier", "1"], (job) => result(job, [], job.seed === 3 ? "log-matching" : undefined));
    expect(text).toContain("npm run simulate -- --seed 3 --tier 1");
    expect(text).toContain("didn't fail again");
    expect(text).toContain("4 passed, 1 failed");
    expect(code).toBe(1);
  });
});

test("one seed shows its whole trace, or puts it into a file, and the hash is the same each time", async () => {
  const shown = await run(["--seed", "5", "--tier", "1"]);
  const file = join(directory, "trace.txt");
  const kept = await run(["--seed", "5", "--tier", "1", "--trace", file]);
  const hash = /trace hash (\w+)/.exec(shown.text)?.[1];
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(kept.text).toContain(`trace hash ${hash}`);
  const trace = readFileSync(file, "utf8").trimEnd();
  expect(trace.split("\n").length).toBeGreaterThan(100);
  expect(shown.text).toContain(trace);
});

test("a plan is run from its file; what is none is refused", async () => {
  const file = join(directory, "plan.json");
  const plan = { ...planOf(4, 1), faults: [] };
  writeFileSync(file, JSON.stringify(plan));
  const { code, text } = await run(["--plan", file]);
  expect(text).toContain("0 faults planned");
  expect(code).toBe(0);
  writeFileSync(file, JSON.stringify({ ...plan, nodes: 0 }));
  expect(await run(["--plan", file])).toMatchObject({ code: 2, text: expect.stringContaining("is no plan") });
  expect(await run(["--plan", join(directory, "none.json")])).toMatchObject({ code: 2, text: expect.stringContaining("ENOENT") });
});

test("drawn plans survive the way through JSON", () => {
  for (let seed = 0; seed < 50; seed++) for (const tier of [1, 2] as const) expect(isPlan(JSON.parse(JSON.stringify(planOf(seed, tier))))).toBe(true);
});

test.each([
  [["--seeds", "0"], "--seeds: given \"0\""], [["--seeds", "x"], "whole number"], [["--tier", "3"], "1 or 2"], [["--seed", "1", "--seeds", "2"], "--seed is one seed"],
  [["--plan", "a", "--tier", "1"], "--plan is one run"], [["--trace", "f"], "give --seed"], [["--nonsense"], "--nonsense"], [["stray"], "stray"],
])("%j is refused", async (args, message) => {
  const { code, text } = await run(args);
  expect(text).toContain(message);
  expect(text).toContain("--help");
  expect(code).toBe(2);
});

test("without options a hundred seeds run in both tiers", () => {
  expect(parseOptions([])).toMatchObject({ mode: "many", seeds: 100, from: 1, tiers: [1, 2] });
});

test("the bar grows with what is done", () => {
  expect(progressBar(0, 10, 0, 0)).toBe("[>                             ] 0/10 runs, 0 failed, 0.00 virtual hours");
  expect(progressBar(5, 10, 1, 0.5)).toContain("[===============>");
  expect(progressBar(10, 10, 1, 0.5)).toContain("[==============================] 10/10");
});

test("the report adds up what struck, by kind and cell, and the virtual hours of each tier", () => {
  const totals = createTotals([1, 2]);
  for (let seed = 0; seed < 1000; seed++) totals.add(result({ seed, tier: seed < 500 ? 1 : 2 }, ["crash leader serving"]));
  expect(totals.virtualHours).toBeCloseTo(1);
  const text = totals.describe();
  expect(text).toMatch(/^crash +2000 .*2000/m);
  expect(text).toContain("tier 1: 500 runs, 0.50 virtual hours, 360 virtual seconds in a second");
  expect(text).toContain("operations of clients: 5000 answered, 1000 refused, 1000 without");
});
