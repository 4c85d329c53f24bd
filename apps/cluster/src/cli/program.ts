// The command line of every command. It only reads and checks: what a command does is its caller's.
// A wrong command line is said in one line on standard error and thrown as a CommanderError.
import {
  addCompletion,
  checkFlags,
  complaint,
  paintHelp,
  serveCompletion,
  splitValues,
  versionText,
} from "@raftkit-app/command-line";
import { Command } from "commander";
import type { Actions } from "./actions.js";
import { addChaos } from "./chaos-commands.js";
import { addControl } from "./control-commands.js";
import { addMembers } from "./member-commands.js";
import { applyConfig, configOption, dropEmptyVariables, unknownVariable } from "./options.js";
import { addUp } from "./up-command.js";

export interface ProgramOptions {
  /** How a user calls it, for help: `node apps/cluster/dist/main.js`. */
  readonly program: string;
  /** What runs it, as arguments of a shell. */
  readonly command: readonly string[];
  readonly actions: Actions;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

export const PROGRAM = "raftkit-cluster";

/**
 * Reads the command line and `process.env`, and does what they ask for.
 * @param args without Node and the script
 * @throws {CommanderError} its `exitCode` is 0 after help, otherwise the command line was wrong;
 * what was to be said has been said
 */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<void> {
  dropEmptyVariables(process.env);
  const program = createProgram(options);
  if (await serveCompletion(program, args)) return;
  const [first = "help", ...rest] = splitValues(args);
  const named = first === "help" ? rest[0] : first;
  const isKnown =
    named === undefined ||
    named.startsWith("-") ||
    [...program.commands.map((command) => command.name()), "help"].includes(named);
  // Of an unknown command commander would print the general help, as if that had been asked for.
  await program.parseAsync(isKnown ? [first, ...rest] : [named], { from: "user" });
}

export function createProgram({
  program,
  command: run,
  actions,
  print,
  complain,
}: ProgramOptions): Command {
  const root = paintHelp(new Command(program))
    .description(
      "A test cluster: real server processes on this machine, started, watched and broken on purpose.",
    )
    .version(
      versionText(PROGRAM, new URL("../../package.json", import.meta.url)),
      "-V, --version",
      "print the version",
    )
    .helpOption("-h, --help", "print this")
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: complain,
      outputError: (text, write) => write(`${complaint(PROGRAM, text)}\n`),
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 done, ended by a signal, or every check passed; 1 could not start, the cluster refused,\na check failed, or a chaos run was interrupted; 2 wrong options, or nothing to verify.",
    );
  root.hook("preAction", (_, command) => {
    refuseUnknownVariables(root, command);
    applyConfig(command);
  });
  addUp(root, actions);
  addControl(root, actions);
  addMembers(root, actions);
  addChaos(root, actions);
  for (const command of root.commands) {
    if (takesVariables(command)) command.addOption(configOption(root));
  }
  addCompletion(root, { name: PROGRAM, command: run, print });
  for (const command of root.commands) checkFlags(command);
  return root;
}

function takesVariables({ options }: Command): boolean {
  return options.some(({ envVar }) => envVar !== undefined);
}

/** Commands that take nothing from the environment don't look at it. */
function refuseUnknownVariables(root: Command, command: Command): void {
  if (!takesVariables(command)) return;
  const known = root.commands.flatMap(({ options }) =>
    options.flatMap(({ envVar }) => envVar ?? []),
  );
  const unknown = unknownVariable(known, process.env);
  if (unknown !== undefined) command.error(`error: ${unknown}`);
}
