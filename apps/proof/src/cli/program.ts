// The proof's command line: `npm run proof -- COMMAND`. Every command ends with an exit code.
import { checkFlags, complaint } from "@raftkit-app/command-line";
import { Command, CommanderError } from "commander";
import { workspaceRoot } from "../workspace.js";
import { addAll } from "./all.js";
import { addHazards } from "./hazards.js";
import { addMutants } from "./mutants.js";
import { addPackages } from "./packages.js";
import { addRules } from "./rules.js";
import { addSimulate } from "./simulate/command.js";
import { addTools } from "./tools.js";
import type { Done } from "./options.js";
import { PROGRAM, UsageError } from "./options.js";

/**
 * @param done is told the exit code of the command that ran
 * @param root the repository
 */
export function createProgram(done: Done, root: string): Command {
  const program = new Command("npm run proof --")
    .description("Runs the project's own proof, or one part of it.")
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      outputError: (text, write) => {
        const isUnknown = text.startsWith("error: unknown command");
        const known = program.commands.map((command) => command.name()).join(", ");
        write(
          `${complaint(PROGRAM, isUnknown ? `${text.trimEnd()}; the parts are ${known}` : text)}\n`,
        );
      },
    })
    .addHelpText(
      "after",
      `
Examples:
  npm run proof                   everything
  npm run proof -- --quick        everything, with fewer seeds, mutants and seconds
  npm run proof -- rules          one part
  npm run proof -- rules --help   its options

Exit codes: 0 all held; 1 something did not; 2 called wrongly.`,
    );
  addRules(program, done);
  addSimulate(program, done);
  addMutants(program, done, root);
  addHazards(program, done, root);
  addPackages(program, done, root);
  addTools(program, done, root);
  addAll(program, done, root);
  for (const command of program.commands) checkFlags(command);
  return program;
}

/** @returns the exit code: 0 all held, 1 something didn't, 2 called wrongly */
export async function main(args: readonly string[], root = workspaceRoot): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => (exitCode = code), root);
  try {
    await program.parseAsync(withCommand(args), { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    console.error(complaint(PROGRAM, error.message));
    return 2;
  }
}

/**
 * Without a command all of them run. Commander's own default command would take a misspelt name for
 * an argument of the default, and suggest nothing.
 */
function withCommand(args: readonly string[]): readonly string[] {
  const [first = "-"] = args;
  const asksForHelp = first === "--help" || first === "-h";
  return first.startsWith("-") && !asksForHelp ? ["all", ...args] : args;
}
