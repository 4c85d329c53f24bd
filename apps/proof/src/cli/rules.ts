// `proof rules`: runs the scenarios, prints a table, and says how to repeat what failed.
import { wholeNumber } from "@raftkit-app/command-line";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { scenarios } from "../rules/all.js";
import { proveAll } from "../rules/mutations.js";
import type { Scenario } from "../rules/scenario.js";
import type { Done } from "./options.js";
import { table } from "./table.js";

interface Options {
  readonly rule?: readonly string[];
  readonly seed: number;
  readonly seeds: number;
  readonly faults: boolean;
}

export function addRules(program: Command, done: Done): void {
  program
    .command("rules")
    .summary("Raft's rules, one scenario each")
    .description(
      "Runs a scenario for each rule on simulated time, network and disk, and prints a table.",
    )
    .argument("[rule...]", "only these rules, such as R07", collectRule)
    .option("--seeds <n>", "run each scenario with N seeds, one after another", wholeNumber(1), 1)
    .option("--seed <n>", "the first seed", wholeNumber(0), 1)
    .option("--rule <rule...>", "the same as naming it as an argument", collectRule)
    .option(
      "--faults",
      "instead, apply each scenario's source mutation to a copy and check that the scenario fails",
      false,
    )
    .addHelpText(
      "after",
      `
Examples:
  npm run rules -- --seeds 100
  npm run rules -- R07 --seed 123
  npm run rules -- R07 --faults

Exit codes: 0 every scenario held (with --faults: each failed); 1 not so; 2 called wrongly.`,
    )
    .action(async (named: readonly string[], options: Options) => {
      const rules = [...named, ...(options.rule ?? [])];
      const chosen =
        rules.length === 0 ? scenarios : scenarios.filter(({ rule }) => rules.includes(rule));
      done((await (options.faults ? runMutations(chosen) : runRules(chosen, options))) ? 0 : 1);
    });
}

function collectRule(text: string, earlier: readonly string[] = []): readonly string[] {
  const rule = text.toUpperCase();
  if (scenarios.some((scenario) => scenario.rule === rule)) return [...earlier, rule];
  throw new InvalidArgumentError(
    `It has no scenario; allowed: ${scenarios.map((scenario) => scenario.rule).join(", ")}.`,
  );
}

async function runRules(
  chosen: readonly Scenario[],
  { seed: firstSeed, seeds }: Options,
): Promise<boolean> {
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
            `${scenario.rule} with seed ${seed}:\n  ${error instanceof Error ? error.message : String(error)}\nrepeat it: npm run rules -- ${scenario.rule} --seed ${seed}`,
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
      `${scenario.mutation.file}: ${scenario.mutation.why}`,
    ]);
  }
  console.log(
    table(
      ["rule", "result", "scenario", "mutation that makes it fail"],
      rows,
      process.stdout.columns,
    ),
  );
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(
    `\n${rows.length - failures.length} passed, ${failures.length} failed, with ${seeds === 1 ? `seed ${firstSeed}` : `the seeds ${firstSeed} to ${firstSeed + seeds - 1}`}`,
  );
  return failures.length === 0;
}

async function runMutations(chosen: readonly Scenario[]): Promise<boolean> {
  const rows: string[][] = [];
  let notProven = 0;
  await proveAll(
    chosen,
    new URL("../../../../", import.meta.url),
    ({ scenario: { rule, mutation }, proven, detail }) => {
      if (!proven) notProven++;
      rows.push([
        rule,
        proven ? "seen to fail" : "NOT PROVEN",
        `${mutation.file}: ${mutation.why}`,
        detail.split(" (seed ")[0] ?? detail,
      ]);
    },
  );
  console.log(
    table(
      ["rule", "result", "mutation", "how it failed"],
      rows.toSorted((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1)),
      process.stdout.columns,
    ),
  );
  console.log(`\n${rows.length - notProven} seen to fail, ${notProven} not proven`);
  return notProven === 0;
}
