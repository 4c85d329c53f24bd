// The command behind `npm run rules`: runs the scenarios, prints a table, and says how to repeat
// what failed.
import { pathToFileURL } from "node:url";
import { scenarios } from "../rules/all.js";
import { proveAll } from "../rules/faults.js";
import type { Scenario } from "../rules/scenario.js";
import { table } from "./table.js";

const HELP = `npm run rules -- [--seeds N] [--seed N] [--rule RULE] [--faults]

Runs a scenario for each rule on simulated time, network and disk, and prints a table.

  --seeds N    run each scenario with N seeds, one after another (default 1)
  --seed N     the first seed (default 1)
  --rule RULE  only this rule, such as R07
  --faults     instead: put each scenario's fault into a copy of the source and see the scenario fail

Exit codes: 0 every scenario held (with --faults: each failed); 1 not so; 2 wrong options.`;

interface Arguments {
  readonly help: boolean;
  readonly faults: boolean;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly chosen: readonly Scenario[];
}

/** @throws a message for the user */
export function parseArguments(args: readonly string[]): Arguments {
  const parsed = { help: false, faults: false, firstSeed: 1, seeds: 1, chosen: scenarios };
  for (let i = 0; i < args.length; i++) {
    const [flag = "", inline] = (args[i] ?? "").split(/=(.*)/s);
    const value = (): string => {
      const given = inline ?? args[++i];
      if (given === undefined) {
        throw new Error(`${flag}: given nothing; it needs a value (see --help)`);
      }
      return given;
    };
    if (flag === "--help" || flag === "-h") parsed.help = true;
    else if (flag === "--faults") parsed.faults = true;
    else if (flag === "--seeds") parsed.seeds = wholeNumber(flag, value(), 1);
    else if (flag === "--seed") parsed.firstSeed = wholeNumber(flag, value(), 0);
    else if (flag === "--rule") parsed.chosen = ofRule(value());
    else {
      throw new Error(
        `${args[i]}: there is no such option; allowed: --seeds N, --seed N, --rule Rnn, --faults, --help`,
      );
    }
  }
  return parsed;
}

function wholeNumber(flag: string, text: string, min: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < min) {
    throw new Error(
      `${flag}: given ${JSON.stringify(text)}; allowed: a whole number from ${min} on`,
    );
  }
  return number;
}

function ofRule(rule: string): readonly Scenario[] {
  const found = scenarios.filter((scenario) => scenario.rule === rule.toUpperCase());
  if (found.length === 0) {
    throw new Error(
      `--rule: no scenario for ${JSON.stringify(rule)}; there are ${scenarios.map((scenario) => scenario.rule).join(", ")}`,
    );
  }
  return found;
}

async function runRules({ chosen, firstSeed, seeds }: Arguments): Promise<boolean> {
  const rows: string[][] = [];
  const failures: string[] = [];
  for (const scenario of chosen) {
    const failed: number[] = [];
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      try {
        await scenario.run(seed);
      } catch (error) {
        if (failed.length === 0) {
          failures.push(
            `${scenario.rule} with seed ${seed}:\n  ${error instanceof Error ? error.message : String(error)}\nrepeat it: npm run rules -- --rule ${scenario.rule} --seed ${seed}`,
          );
        }
        failed.push(seed);
      }
    }
    const result =
      failed.length === 0
        ? "passed"
        : seeds === 1
          ? "failed"
          : `failed ${failed.length} of ${seeds}`;
    rows.push([
      scenario.rule,
      result,
      scenario.name,
      `${scenario.fault.file}: ${scenario.fault.why}`,
    ]);
  }
  console.log(
    table(["rule", "result", "scenario", "fault that makes it fail"], rows, process.stdout.columns),
  );
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(
    `\n${rows.length - failures.length} passed, ${failures.length} failed, with ${seeds === 1 ? `seed ${firstSeed}` : `the seeds ${firstSeed} to ${firstSeed + seeds - 1}`}`,
  );
  return failures.length === 0;
}

async function runFaults({ chosen }: Arguments): Promise<boolean> {
  const rows: string[][] = [];
  let notProven = 0;
  await proveAll(
    chosen,
    new URL("../../../../", import.meta.url),
    ({ scenario: { rule, fault }, proven, detail }) => {
      if (!proven) notProven++;
      rows.push([
        rule,
        proven ? "seen to fail" : "NOT PROVEN",
        `${fault.file}: ${fault.why}`,
        detail.split(" (seed ")[0] ?? detail,
      ]);
    },
  );
  console.log(
    table(
      ["rule", "result", "fault", "how it failed"],
      rows.toSorted((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1)),
      process.stdout.columns,
    ),
  );
  console.log(`\n${rows.length - notProven} seen to fail, ${notProven} not proven`);
  return notProven === 0;
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  let parsed: Arguments;
  try {
    parsed = parseArguments(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (parsed.help) {
    console.log(HELP);
    return 0;
  }
  return (await (parsed.faults ? runFaults(parsed) : runRules(parsed))) ? 0 : 1;
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
