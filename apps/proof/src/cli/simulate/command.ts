// `proof simulate`: runs seeds, reports, repeats one with its trace, shrinks what fails.
import { readFileSync, writeFileSync } from "node:fs";
import { wholeNumber } from "@raftkit-app/command-line";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { Outcome, Plan, Simulation } from "../../plans/plan.js";
import { simulations } from "../../plans/plan.js";
import { planOf } from "../../plans/generate.js";
import { shrink } from "../../plans/shrink.js";
import type { Done } from "../options.js";
import { UsageError } from "../options.js";
import { runAll } from "./pool.js";
import { addOutcome, isCovered, newTotals, progressOf, reportOf } from "./report.js";
import { runPlanned } from "./run-plan.js";
import { measureSpeed } from "./speed.js";

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly simulation?: Simulation;
  readonly tier?: Simulation;
  readonly nodes?: number;
  readonly workers: number;
  readonly bail: boolean;
  readonly seed?: number;
  readonly plan?: string;
  readonly trace?: string;
  readonly speed: boolean;
}

export function addSimulate(program: Command, done: Done): void {
  program
    .command("simulate")
    .summary("simulated clusters from seeds")
    .description(
      "Runs whole clusters on simulated time, network and disk under faults, each from a seed, and checks Raft's invariants.",
    )
    .option("--seeds <n>", "number of seeds, each in both simulations", wholeNumber(1, 1e9), 100)
    .option("--from <n>", "the first one", wholeNumber(0, 2 ** 52), 1)
    .addOption(
      new Option(
        "--simulation <name>",
        "only this one: core (Raft alone) or cluster (unchanged nodes with the real file log)",
      ).choices(simulations),
    )
    .addOption(
      new Option("--tier <n>", "the same by its old name")
        .argParser(simulationOfTier)
        .conflicts("simulation")
        .hideHelp(),
    )
    .option("--nodes <n>", "the cluster size, instead of the seed's", wholeNumber(1, 7))
    .option("--workers <n>", "processes", wholeNumber(1, 64), 2)
    .option("--bail", "stop at the first failing seed, and don't shrink it", false)
    .addOption(
      new Option(
        "--seed <n>",
        "run only this seed and print each event, in both simulations unless one is named",
      )
        .argParser(wholeNumber(0, 2 ** 52))
        .conflicts(["seeds", "from"]),
    )
    .addOption(
      new Option("--plan <file>", "a plan as JSON, as a shrunk failure prints it").conflicts([
        "seed",
        "seeds",
        "from",
      ]),
    )
    .option("--trace <file>", "write the events to this file instead of the screen")
    .option(
      "--speed",
      "measure the simulated seconds per second of one core, five nodes under load",
      false,
    )
    .addHelpText(
      "after",
      `
Examples:
  npm run simulate -- --seeds 1000
  npm run simulate -- --seed 7 --trace run.txt
  npm run simulate -- --plan failed.json
  npm run simulate -- --speed

Exit codes: 0 nothing failed; 1 a seed failed, from enough seeds on also an empty cell in the
coverage of a simulation; 2 called wrongly.`,
    )
    .action(async (options: Options) => done(await perform(options)));
}

async function perform(options: Options): Promise<number> {
  const chosen = simulationsOf(options);
  if (options.speed) {
    for (const simulation of chosen) console.log(await measureSpeed(simulation));
    return 0;
  }
  const { plan, seed } = options;
  if (plan !== undefined) return replay([readPlan(plan)], options);
  if (seed === undefined) return prove(options);
  return replay(
    chosen.map((simulation) => planFor(seed, simulation, options)),
    options,
  );
}

function simulationsOf({ simulation, tier }: Options): readonly Simulation[] {
  const one = simulation ?? tier;
  return one === undefined ? simulations : [one];
}

function simulationOfTier(text: string): Simulation {
  if (text === "1") return "core";
  if (text === "2") return "cluster";
  throw new InvalidArgumentError("Allowed choices are 1, 2; rather: --simulation core|cluster.");
}

function planFor(seed: number, simulation: Simulation, { nodes }: Options): Plan {
  const drawn = planOf(seed, simulation);
  return { ...drawn, nodes: nodes ?? drawn.nodes };
}

/** @throws {UsageError} */
function readPlan(file: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(
      `${file}: can't be read as a plan (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
  if (
    typeof value !== "object" ||
    value === null ||
    !("faults" in value) ||
    !("seed" in value) ||
    !("simulation" in value)
  ) {
    throw new UsageError(`${file}: this is not a plan; use what a shrunk failure prints`);
  }
  return value as Plan;
}

/** Some runs one after another, line by line. */
async function replay(plans: readonly Plan[], { trace: file }: Options): Promise<number> {
  const isOnScreen = file === undefined || file === "-";
  const outcomes: Outcome[] = [];
  for (const plan of plans) {
    const outcome = await runPlanned(plan, true);
    outcomes.push(outcome);
    if (isOnScreen) console.log(outcome.trace.join("\n"));
    const { answered, refused, unknown } = outcome.operations;
    console.log(
      `\nseed ${plan.seed}, ${plan.simulation} simulation, ${plan.nodes} nodes: ${(outcome.virtualMs / 1000).toFixed(1)} virtual seconds; ${answered} operations answered, ${refused} refused, ${unknown} of unknown outcome`,
    );
    console.log(`trace hash ${outcome.hash}`);
    if (outcome.failure) console.log(`FAILED ${outcome.failure.check}: ${outcome.failure.message}`);
  }
  if (!isOnScreen) {
    writeFileSync(
      file,
      `${outcomes.flatMap(({ plan, trace }) => (plans.length > 1 ? [`${plan.simulation} simulation`, ...trace] : trace)).join("\n")}\n`,
    );
  }
  const failed = outcomes.filter(({ failure }) => failure);
  for (const { plan, failure } of failed) {
    console.log(`\nfailed: seed ${plan.seed}, ${plan.simulation} simulation: ${failure?.check}`);
  }
  return failed.length > 0 ? 1 : 0;
}

async function prove(options: Options): Promise<number> {
  const { seeds, from, nodes, workers, bail } = options;
  const jobs = Array.from({ length: seeds }, (_, i) =>
    simulationsOf(options).map((simulation) => ({ seed: from + i, simulation, nodes })),
  ).flat();
  const totals = newTotals();
  const failed: Outcome[] = [];
  let done = 0;
  await runAll(jobs, workers, ({ outcome, cpuMs }) => {
    addOutcome(totals, outcome, cpuMs);
    if (outcome.failure) {
      failed.push(outcome);
      // At once: whoever ends a long run keeps what it found.
      console.log(`\n${failureOf(outcome, nodes)}`);
    }
    const line = progressOf(++done, jobs.length, failed.length, process.stdout.isTTY);
    if (line !== undefined) process.stdout.write(line);
    return !bail || failed.length === 0;
  });
  console.log(`\n${reportOf(totals)}`);
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

function failureOf({ plan, failure }: Outcome, nodes: number | undefined): string {
  const { seed, simulation } = plan;
  const again = `npm run simulate -- --seed ${seed} --simulation ${simulation}`;
  return `FAILED seed ${seed}, ${simulation} simulation: ${failure?.check}: ${failure?.message}
  repeat it: ${again}${nodes === undefined ? "" : ` --nodes ${nodes}`}`;
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
