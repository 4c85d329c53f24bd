// `proof hazards`: the page of hazards against the tests that it names.
import type { Command } from "commander";
import { checkHazards } from "../hazards/check.js";
import type { Done } from "./options.js";

export function addHazards(program: Command, done: Done, root: string): void {
  program
    .command("hazards")
    .summary("the known hazards, each with its tests")
    .description(
      "Runs every test that docs/hazards.md names, and checks that each hazard has its row.",
    )
    .option("--json <file>", "write the figures as JSON, for other programs")
    .addHelpText(
      "after",
      `
Example:
  npm run hazards

Exit codes: 0 the page holds; 1 a test is missing, skipped or failing, or the page is wrong;
2 called wrongly.`,
    )
    .action(async ({ json }: { readonly json?: string }) =>
      done((await checkHazards(root, json)) ? 0 : 1),
    );
}
