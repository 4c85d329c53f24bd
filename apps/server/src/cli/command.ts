// The command line as commander sees it, made from the table of options: flags, help, suggestions.
// Values stay text here; `parse.ts` checks them, so that all wrong ones are told at once.
import { checkFlags, splitValues } from "@raftkit-app/command-line";
import { Command, CommanderError, Option } from "commander";
import { WrongOptions } from "./errors.js";
import { optionTable } from "./table.js";
import type { TableOption } from "./table.js";

const EXAMPLES = `
Flags win over environment variables, those over defaults. An empty variable counts as unset.

Examples:
  node apps/server/dist/main.js --alone
  node apps/server/dist/main.js --id n2 --peers n1=127.0.0.1:7101,n2=127.0.0.1:7102,n3=127.0.0.1:7103
  node apps/server/dist/main.js --id n4 --join 127.0.0.1:7101
  node apps/server/dist/main.js --id n3 --join 127.0.0.1:7101 --rejoin
  RAFTKIT_STORAGE=memory RAFTKIT_LOG_LEVEL=warn node apps/server/dist/main.js --http 127.0.0.1:0

Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or failed, 2 wrong options.`;

export function environmentName(flag: string): string {
  return `RAFTKIT_${flag.toUpperCase().replaceAll("-", "_")}`;
}

export function helpText(): string {
  let text = "";
  createCommand()
    .configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 })
    .outputHelp();
  return text;
}

/**
 * @returns the text of each flag that was given, or "help" when that was asked for
 * @throws {WrongOptions}
 */
export function readFlags(args: readonly string[]): ReadonlyMap<string, string> | "help" {
  const command = createCommand();
  const flags = new Map<string, string>();
  // A switch may stand alone.
  checkFlags(command, (name, text) => flags.set(name, typeof text === "string" ? text : "true"));
  try {
    command.parse(splitValues(args), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return "help";
    const line = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    throw new WrongOptions([`${line}; --help lists all`]);
  }
  const [extra] = command.args;
  if (extra === undefined) return flags;
  throw new WrongOptions([
    `unexpected argument ${JSON.stringify(extra)}; options look like --id n1`,
  ]);
}

function createCommand(): Command {
  const command = new Command("node apps/server/dist/main.js")
    .usage("[options]")
    .description("One node of a replicated key-value store, with an HTTP API.")
    .helpOption("-h, --help", "print this")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const option of Object.values<TableOption<unknown>>(optionTable)) {
    command.addOption(optionOf(option));
  }
  return command;
}

function optionOf({
  flag,
  value,
  help,
  allowed,
  choices,
  isSwitch,
  fallbackText,
}: TableOption<unknown>): Option {
  const what = choices === undefined ? `${help} Allowed: ${allowed}.` : help;
  const given = isSwitch === true ? `[${value}]` : `<${value}>`;
  const option = new Option(`--${flag} ${given}`, what).env(environmentName(flag));
  if (choices !== undefined) option.choices(choices);
  // The value is not used: what is given comes from the flags and the environment alone.
  return option.argParser((text) => text).default("", fallbackText);
}
