// `proof mutants`: chooses the mutants and says how they are tried.
import { wholeNumber } from "@raftkit-app/command-line";
import type { Command } from "commander";
import { Option } from "commander";
import { mutants } from "../mutants/catalogue/all.js";
import { packageOf } from "../mutants/mutant.js";
import { runMutants } from "../mutants/run.js";
import type { Done } from "./options.js";
import { UsageError } from "./options.js";

interface Options {
  readonly only?: readonly string[];
  readonly package?: string;
  readonly list: boolean;
  readonly simulation: boolean;
  readonly seeds: number;
  readonly json?: string;
}

export function addMutants(program: Command, done: Done, root: string): void {
  program
    .command("mutants")
    .summary("source mutations in one place each, and what notices them")
    .description(
      "Applies one mutation after another to a copy of the packages and names the first test, rule or seed that notices.",
    )
    .argument("[mutant...]", "only these, such as core-01")
    .option("--only <mutant...>", "the same as naming it as an argument")
    .addOption(
      new Option("--package <name>", "only those of one package").choices([
        ...new Set(mutants.map(packageOf)),
      ]),
    )
    .option("--list", "list the mutants", false)
    .option("--simulation", "run only seeds, no tests; survivors are then not failures", false)
    .option("--seeds <n>", "number of seeds if the tests don't notice", wholeNumber(1, 1e7), 200)
    .option("--json <file>", "write the verdicts as JSON, for other programs")
    .addHelpText(
      "after",
      `
Examples:
  npm run mutants -- core-01 raftkit-07
  npm run mutants -- --package storage-file
  npm run mutants -- --list

Exit codes: 0 all were killed; 1 a mutant survived, died too late, or breaks a safety rule and only
a golden text noticed; 2 called wrongly.`,
    )
    .action(async (named: readonly string[], options: Options) => {
      const chosen = choose([...named, ...(options.only ?? [])], options.package);
      if (options.list) {
        for (const { id, file, why } of chosen) console.log(`${id.padEnd(18)} ${file}: ${why}`);
        return done(0);
      }
      const { seeds, simulation, json } = options;
      done((await runMutants(chosen, { root, tests: !simulation, seeds, json })) ? 0 : 1);
    });
}

/** @throws {UsageError} */
function choose(ids: readonly string[], from: string | undefined) {
  const missing = ids.find((id) => !mutants.some((mutant) => mutant.id === id));
  if (missing !== undefined) throw new UsageError(`no mutant "${missing}"; --list names them all`);
  const chosen = mutants.filter(
    (mutant) =>
      (ids.length === 0 || ids.includes(mutant.id)) &&
      (from === undefined || packageOf(mutant) === from),
  );
  if (chosen.length > 0) return chosen;
  throw new UsageError(`none of ${ids.join(", ")} is in the package "${from}"`);
}
