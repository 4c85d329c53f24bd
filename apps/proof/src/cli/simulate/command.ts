// The command behind `npm run simulate`: runs seeds, reports, repeats one with its trace, shrinks
// what fails.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Arguments } from "./arguments.js";
import { HELP, parseArguments, UsageError } from "./arguments.js";
import { planOf } from "../../plans/generate.js";
import { runPlanned } from "./run-plan.js";
import type { Outcome, Plan } from "../../plans/plan.js";
import { runAll } from "./pool.js";
import { addOutcome, isCovered, newTotals, progressOf, reportOf } from "./report.js";
import { shrink } from "../../plans/shrink.js";
import { measureSpeed } from "./speed.js";

/** @returns the exit code: 0 nothing failed, 1 something did, 2 called wrongly */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await perform(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

async function perform(args: readonly string[]): Promise<number> {
  const given = parseArguments(args);
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  if (given.speed) return speed(given);
  const { plan, seed } = given;
  if (plan !== undefined) return tell([readPlan(plan)], given);
  if (seed !== undefined) {
    return tell(
      given.tiers.map((tier) => planFor(seed, tier, given)),
      given,
    );
  }
  return prove(given);
}

function planFor(seed: number, tier: 1 | 2, { nodes }: Arguments): Plan {
  const drawn = planOf(seed, tier);
  return { ...drawn, nodes: nodes ?? drawn.nodes };
}

/** @throws {UsageError} */
function readPlan(file: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(
      `${file}: no plan can be read there (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
  if (
    typeof value !== "object" ||
    value === null ||
    !("faults" in value) ||
    !("seed" in value) ||
    !("tier" in value)
  ) {
    throw new UsageError(`${file}: this is no plan; one is what a shrunk failure prints`);
  }
  return value as Plan;
}

/** Some runs one after another, line by line. */
async function tell(plans: readonly Plan[], { trace: file }: Arguments): Promise<number> {
  const isOnScreen = file === undefined || file === "-";
  const outcomes: Outcome[] = [];
  for (const plan of plans) {
    const outcome = await runPlanned(plan, true);
    outcomes.push(outcome);
    if (isOnScreen) console.log(outcome.trace.join("\n"));
    const { answered, refused, unknown } = outcome.operations;
    console.log(
      `\nseed ${plan.seed}, tier ${plan.tier}, ${plan.nodes} nodes: ${(outcome.virtualMs / 1000).toFixed(1)} virtual seconds; ${answered} operations answered, ${refused} refused, ${unknown} of unknown outcome`,
    );
    console.log(`trace hash ${outcome.hash}`);
    if (outcome.failure) console.log(`FAILED ${outcome.failure.check}: ${outcome.failure.message}`);
  }
  if (!isOnScreen) {
    writeFileSync(
      file,
      `${outcomes.flatMap(({ plan, trace }) => (plans.length > 1 ? [`tier ${plan.tier}`, ...trace] : trace)).join("\n")}\n`,
    );
  }
  const failed = outcomes.filter(({ failure }) => failure);
  for (const { plan, failure } of failed) {
    console.log(`\nfailed: seed ${plan.seed}, tier ${plan.tier}: ${failure?.check}`);
  }
  return failed.length > 0 ? 1 : 0;
}

async function prove(given: Arguments): Promise<number> {
  const { seeds, from, tiers, nodes, workers, bail } = given;
  const jobs = Array.from({ length: seeds }, (_, i) =>
    tiers.map((tier) => ({ seed: from + i, tier, nodes })),
  ).flat();
  const totals = newTotals();
  const failed: Outcome[] = [];
  let done = 0;
  await runAll(jobs, workers, ({ outcome, cpuMs }) => {
    addOutcome(totals, outcome, cpuMs);
    if (outcome.failure) failed.push(outcome);
    const line = progressOf(++done, jobs.length, failed.length, process.stdout.isTTY);
    if (line !== undefined) process.stdout.write(line);
    return !bail || failed.length === 0;
  });
  console.log(`\n${reportOf(totals)}`);
  failed.sort((a, b) => a.plan.seed - b.plan.seed);
  for (const { plan, failure } of failed) {
    console.log(
      `\nFAILED seed ${plan.seed}, tier ${plan.tier}: ${failure?.check}: ${failure?.message}\n  repeat it: npm run simulate -- --seed ${plan.seed} --tier ${plan.tier}${nodes === undefined ? "" : ` --nodes ${nodes}`}`,
    );
  }
  const [first] = failed;
  if (first && !bail) await printShrunk(first);
  const isGood = bail || isCovered(totals);
  console.log(
    failed.length === 0 ? `\n${done} runs, no failure` : `\n${done} runs, ${failed.length} failed`,
  );
  if (failed.length === 0 && !isGood) {
    console.log("failed: a cell of the coverage that must be filled is empty, see above");
  }
  return failed.length === 0 && isGood ? 0 : 1;
}

async function printShrunk(failed: Outcome): Promise<void> {
  const { plan, outcome, tries } = await shrink(failed.plan, failed, (candidate) =>
    runPlanned(candidate, false),
  );
  console.log(
    `\nseed ${plan.seed} shrunk in ${tries} runs to ${plan.faults.length} faults, ${plan.nodes} nodes, ${plan.safetyMs} ms; its last lines:\n  ${outcome.trace.slice(-25).join("\n  ")}`,
  );
  console.log(
    `\nrepeat it: save this line in a file and run npm run simulate -- --plan FILE\n${JSON.stringify(plan)}`,
  );
}

async function speed({ tiers }: Arguments): Promise<number> {
  for (const tier of tiers) console.log(await measureSpeed(tier));
  return 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(error);
    console.error(`failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
