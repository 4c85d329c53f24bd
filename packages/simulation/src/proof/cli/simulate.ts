// The command behind `npm run simulate`, without the process around it: runs seeds, shows how far it is, and reports. What
// failed is shrunk and comes with the command that repeats it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planOf } from "../draw.js";
import type { Outcome, Plan } from "../plan.js";
import { isPlan } from "../plan-guard.js";
import { shrink } from "../shrink.js";
import { runPlan } from "./job.js";
import type { SimulateOptions } from "./options.js";
import { HELP, parseOptions } from "./options.js";
import type { Job, JobResult, Runner } from "./pool.js";
import { runAll } from "./pool.js";
import type { Totals } from "./report.js";
import { createTotals, progressBar } from "./report.js";

export interface Surroundings {
  /** One line. */
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Replaces the line of the progress bar; undefined where there is no terminal. */
  readonly replaceLine: ((line: string) => void) | undefined;
  readonly createRunner: () => Runner;
  /** Where shrunk plans are put. */
  readonly directory: string;
}

/** From so many seeds on every cell of the coverage matrix must be filled. */
const SEEDS_THAT_COVER = 200;
/** What is shrunk; the others are likely the same. */
const SHRUNK_MAX = 3;

/** @returns the exit code: 0 all well, 1 something failed, 2 the command line is wrong */
export async function simulate(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let options: SimulateOptions;
  try {
    options = parseOptions(args);
    if (options.mode === "help") {
      surroundings.print(HELP);
      return 0;
    }
    if (options.mode === "plan") return await showPlans([readPlan(options.planFile)], options, surroundings);
  } catch (error) {
    surroundings.complain(`${error instanceof Error ? error.message : String(error)} (see --help)`);
    return 2;
  }
  if (options.mode === "one") return showPlans(options.tiers.map((tier) => planOf(options.from, tier)), options, surroundings);
  return runMany(options, surroundings);
}

async function runMany(options: SimulateOptions, surroundings: Surroundings): Promise<number> {
  const { seeds, from, tiers } = options;
  const { print } = surroundings;
  const totals = createTotals(tiers);
  const all = seeds * tiers.length;
  const runners = Array.from({ length: Math.min(options.workers, all) }, surroundings.createRunner);
  const showProgress = progress(all, totals, surroundings);
  try {
    await runAll(jobsOf(options), runners, (result) => {
      totals.add(result);
      showProgress();
    });
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
  print(`\n${totals.describe()}`);
  await explainFailures(totals.failures, surroundings);
  const empty = seeds >= SEEDS_THAT_COVER ? totals.emptyCells.length : 0;
  if (empty > 0) print(`\n${empty} cells of the coverage matrix stayed empty, which from ${SEEDS_THAT_COVER} seeds on is a failure`);
  print(`\nseeds ${from} to ${from + seeds - 1}: ${all - totals.failures.length} passed, ${totals.failures.length} failed`);
  return totals.failures.length + empty === 0 ? 0 : 1;
}

function* jobsOf({ seeds, from, tiers }: SimulateOptions): Generator<Job> {
  for (let seed = from; seed < from + seeds; seed++) for (const tier of tiers) yield { seed, tier };
}

function progress(all: number, totals: Totals, { print, replaceLine }: Surroundings): () => void {
  let shown = -1;
  return () => {
    const bar = progressBar(totals.runs, all, totals.failures.length, totals.virtualHours);
    if (replaceLine !== undefined) {
      replaceLine(bar);
      return;
    }
    const tenth = Math.floor((10 * totals.runs) / all);
    if (tenth > shown) print(bar);
    shown = Math.max(shown, tenth);
  };
}

async function explainFailures(failures: readonly JobResult[], surroundings: Surroundings): Promise<void> {
  const inOrder = failures.toSorted((a, b) => a.seed - b.seed || a.tier - b.tier);
  for (const [i, { seed, tier, outcome: { failure } }] of inOrder.entries()) {
    surroundings.print(`\nFAILED  seed ${seed} tier ${tier}, ${failure?.check}: ${failure?.message}\nrepeat it: npm run simulate -- --seed ${seed} --tier ${tier}`);
    if (i < SHRUNK_MAX) await shrinkAndKeep(await runPlan(planOf(seed, tier), { fullTrace: false }), surroundings);
  }
}

/** One plan after another, each with its whole trace. */
async function showPlans(plans: readonly Plan[], { traceFile }: SimulateOptions, surroundings: Surroundings): Promise<number> {
  const { print } = surroundings;
  const traces: string[] = [];
  let failed = 0;
  for (const plan of plans) {
    const outcome = await runPlan(plan, { fullTrace: true });
    if (traceFile === undefined) for (const line of outcome.trace) print(line);
    traces.push(...outcome.trace);
    print(describeOutcome(outcome));
    if (outcome.failure === undefined) continue;
    failed++;
    await shrinkAndKeep(outcome, surroundings);
  }
  if (traceFile !== undefined) writeFileSync(traceFile, `${traces.join("\n")}\n`);
  return failed === 0 ? 0 : 1;
}

function describeOutcome({ plan, hash, virtualMs, injected, operations, failure }: Outcome): string {
  const struck = [...injected].map(([cell, count]) => `  ${cell}: ${count}`).toSorted();
  return [
    "", `seed ${plan.seed} tier ${plan.tier}: ${plan.nodes} nodes, ${(virtualMs / 1000).toFixed(1)} virtual seconds, trace hash ${hash}`,
    `operations: ${operations.answered} answered, ${operations.refused} refused, ${operations.unknown} without a known outcome`,
    `${plan.faults.length} faults planned; what struck (kind, role, phase):`, ...struck,
    failure === undefined ? "passed" : `FAILED  ${failure.check}: ${failure.message}`,
  ].join("\n");
}

async function shrinkAndKeep(outcome: Outcome, { print, directory }: Surroundings): Promise<void> {
  if (outcome.failure === undefined) {
    print("it didn't fail again: runs of this seed differ, which is a fault of its own");
    return;
  }
  const { plan, runs } = await shrink(outcome, (candidate) => runPlan(candidate, { fullTrace: false }));
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `seed-${plan.seed}-tier-${plan.tier}.json`);
  writeFileSync(file, `${JSON.stringify({ ...plan, expects: outcome.failure.check }, undefined, 2)}\n`);
  print(`shrunk from ${outcome.plan.faults.length} faults to ${plan.faults.length}, from ${outcome.plan.nodes} nodes to ${plan.nodes} (${runs} runs): npm run simulate -- --plan ${file}`);
}

function readPlan(file: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`--plan ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (!isPlan(value)) throw new Error(`--plan ${file}: this is no plan; a plan is what a failing run was shrunk to`);
  return value;
}
