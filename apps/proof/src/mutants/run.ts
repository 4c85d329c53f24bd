// Proves the tests: puts one mutation after another into a private copy of the packages and names
// the first test, rule or seed that notices. The working tree is never touched.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fatal, harmless } from "./catalogue/all.js";
import { compileFailures, compileIn } from "./compile.js";
import { copyPackages, removeCopy } from "./copy.js";
import type { Mutant } from "./mutant.js";
import { packageOf } from "./mutant.js";
import { summarize, verdictLine } from "./report.js";
import type { Outcome } from "./reporter.js";
import { runTests } from "./tests.js";
import type { Verdict } from "./trial.js";
import { LIMIT_MS, tryMutant } from "./trial.js";

const WORKERS = 2;

export interface RunOptions {
  /** The repository, built. */
  readonly root: string;
  /** Whether the packages' own tests run, or seeds alone. Without them survivors are no failure. */
  readonly tests: boolean;
  /** How many seeds where the tests don't notice. */
  readonly seeds: number;
  /** Where the verdicts go as JSON. */
  readonly json: string | undefined;
}

/** Why there is no verdict. */
class HarnessFailed extends Error {}

type Baselines = ReadonlyMap<string, Outcome>;

/** @returns whether every mutant was killed as it must be */
export async function runMutants(chosen: readonly Mutant[], options: RunOptions): Promise<boolean> {
  const startedAt = Date.now();
  const folders: string[] = [];
  const copy = (): string => {
    const folder = copyPackages(options.root);
    folders.push(folder);
    return folder;
  };
  const removeAll = (): void => folders.splice(0).forEach(removeCopy);
  process.once("exit", removeAll); // a signal ends the process on the way
  try {
    await compile(copy(), chosen);
    const copies = Array.from({ length: WORKERS }, copy);
    const baselines = await runBaselines(copies, chosen, options);
    if (options.tests) await checkHarness(copies, baselines);
    const verdicts: Verdict[] = [];
    await inEach(copies, chosen, async (folder, mutant) => {
      const { tests, seeds } = options;
      const verdict = await tryMutant(folder, mutant, { baselines, tests, seeds });
      verdicts.push(verdict);
      console.log(verdictLine(verdict, LIMIT_MS));
    });
    return report(verdicts, chosen, Date.now() - startedAt, options);
  } catch (error) {
    if (!(error instanceof HarnessFailed)) throw error;
    console.error(`failed before its verdict: ${error.message}`);
    return false;
  } finally {
    removeAll();
    process.off("exit", removeAll);
  }
}

/** First of all: a mutant that doesn't compile is known before minutes have gone. */
async function compile(folder: string, chosen: readonly Mutant[]): Promise<void> {
  const sourceOf = (file: string): string => readFileSync(join(folder, file), "utf8");
  const all = [...chosen, fatal, harmless];
  const failures = await compileFailures(all, compileIn(folder), sourceOf);
  if (failures.length === 0) {
    console.log(`${chosen.length} mutants compile`);
    return;
  }
  for (const { id, output } of failures) console.error(`${id} doesn't compile:\n${output}`);
  const ids = failures.map(({ id }) => id).join(", ");
  throw new HarnessFailed(`not all mutants compile, see above: ${ids}`);
}

/** The tests on the unchanged tree: what fails there can't kill. */
async function runBaselines(
  folders: readonly string[],
  chosen: readonly Mutant[],
  { tests }: RunOptions,
): Promise<Baselines> {
  const baselines = new Map<string, Outcome>();
  const bad: string[] = [];
  const own = chosen.map((mutant) => `packages/${packageOf(mutant)}`);
  const projects = tests ? new Set([...own, "packages/core", "packages/raftkit"]) : [];
  await inEach(folders, [...projects], async (folder, project) => {
    const how = { bail: false, durations: {}, timeoutMs: 4 * LIMIT_MS };
    const outcome = await runTests(folder, project, how);
    const wrong = outcome === undefined ? ["it didn't end"] : failuresOf(outcome);
    if (outcome && wrong.length === 0 && outcome.passed.length > 0) {
      baselines.set(project, outcome);
      console.log(`${project}: ${outcome.passed.length} tests pass without a mutation`);
    } else bad.push(`${project} fails without any mutation: ${wrong.join("; ") || "no test ran"}`);
  });
  if (bad.length === 0) return baselines;
  // After all others have had their say: the last line is the reason.
  for (const one of bad) console.error(one);
  throw new HarnessFailed(bad.map((one) => one.split("\n")[0]).join("; "));
}

function failuresOf({ failed, timedOut, broken }: Outcome): readonly string[] {
  return [...failed.map(({ name, message }) => `${name}: ${message}`), ...timedOut, ...broken];
}

async function checkHarness(folders: readonly string[], baselines: Baselines): Promise<void> {
  const [a = "", b = ""] = folders;
  // Of a mutation that breaks nothing every test runs: that takes as long as it takes.
  const alone = { baselines, tests: true, seeds: 0, limitMs: 4 * LIMIT_MS };
  const [dead, alive] = await Promise.all([
    tryMutant(a, fatal, { ...alone, project: "packages/raftkit" }),
    tryMutant(b, harmless, alone),
  ]);
  if (dead.killer !== undefined && alive.killer === undefined && alive.detail === "") {
    console.log(
      `the harness sees a fatal mutation, from another package, and none where nothing is broken\n  ${verdictLine(dead, LIMIT_MS)}`,
    );
    return;
  }
  console.error(`  ${verdictLine(dead, LIMIT_MS)}\n  ${verdictLine(alive, LIMIT_MS)}`);
  throw new HarnessFailed(
    "the harness is wrong, a fatal mutation must be killed and a changed comment survive, see above",
  );
}

async function inEach<Item>(
  folders: readonly string[],
  items: readonly Item[],
  work: (folder: string, item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    folders.map(async (folder) => {
      for (const item of waiting) await work(folder, item);
    }),
  );
}

function report(
  verdicts: readonly Verdict[],
  chosen: readonly Mutant[],
  tookMs: number,
  { tests, json }: RunOptions,
): boolean {
  const how = { limitMs: LIMIT_MS, tookMs, survivorsAllowed: !tests };
  const { figures, wrong, lines, failed } = summarize(verdicts, how);
  for (const { id, why, detail } of wrong) {
    const file = chosen.find((mutant) => mutant.id === id)?.file ?? "";
    console.log(`\n${id}: ${why}\n  ${file}\n  ${detail}`);
  }
  if (json !== undefined) {
    writeFileSync(json, JSON.stringify({ ...figures, verdicts }, undefined, 2));
  }
  for (const text of lines) console.log(text);
  return !failed;
}
