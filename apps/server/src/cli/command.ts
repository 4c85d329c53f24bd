// The command line as commander sees it, made from the table of options: flags, help, suggestions.
// Values stay text here; `parse.ts` checks them, so that all wrong ones are told at once.
import {
  addCompletion,
  checkFlags,
  paintHelp,
  serveCompletion,
  splitValues,
  versionText,
} from "@raftkit-app/command-line";
import { Command, CommanderError, Option } from "commander";
import { WrongOptions } from "./errors.js";
import { optionTable } from "./table.js";
import type { TableOption } from "./table.js";

const EXAMPLES = `
Flags win over environment variables, those over the file of --config, that over defaults. An empty
variable counts as unset.

Examples:
  node apps/server/dist/main.js --alone
  node apps/server/dist/main.js --id n2 --peers n1=127.0.0.1:7101,n2=127.0.0.1:7102,n3=127.0.0.1:7103
  node apps/server/dist/main.js --id n4 --join 127.0.0.1:7101
  node apps/server/dist/main.js --id n3 --join 127.0.0.1:7101 --rejoin
  RAFTKIT_STORAGE=memory RAFTKIT_LOG_LEVEL=warn node apps/server/dist/main.js --http 127.0.0.1:0
  node apps/server/dist/main.js --config n1.yaml --log-level debug
  eval "$(node apps/server/dist/main.js completion bash)"   # zsh, fish: completion --help tells how

Exit codes: 0 ended by SIGTERM or SIGINT, or printed what was asked for, 1 could not start or failed, 2 wrong options.`;

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

export const PROGRAM = "raftkit-server";

/** What may be asked for in place of a server. */
export type Asked = "help" | "version";

export function version(): string {
  return versionText(PROGRAM, new URL("../../package.json", import.meta.url));
}

/**
 * `completion SHELL`, and what its script asks for.
 * @param script this program's
 * @returns whether that is what was asked for
 * @throws {WrongOptions}
 */
export async function complete(
  args: readonly string[],
  script: string,
  print: (text: string) => void,
): Promise<boolean> {
  if (args[0]?.startsWith("completion") !== true) return false;
  const command = createCommand().helpCommand(false).configureOutput({ writeOut: print });
  addCompletion(command, { name: PROGRAM, command: [process.execPath, script], print });
  if (await serveCompletion(command, args)) return true;
  try {
    await command.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw wrongOptions(error);
  }
  return true;
}

/**
 * @returns the text of each flag that was given, or what else was asked for
 * @throws {WrongOptions}
 */
export function readFlags(args: readonly string[]): ReadonlyMap<string, string> | Asked {
  const command = createCommand();
  const flags = new Map<string, string>();
  // A switch may stand alone.
  checkFlags(command, (name, text) => flags.set(name, typeof text === "string" ? text : "true"));
  try {
    command.parse(splitValues(args), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return error.code === "commander.version" ? "version" : "help";
    throw wrongOptions(error);
  }
  const [extra] = command.args;
  if (extra === undefined) return flags;
  throw new WrongOptions([
    `unexpected argument ${JSON.stringify(extra)}; options look like --id n1`,
  ]);
}

function wrongOptions({ message }: CommanderError): WrongOptions {
  const line = message
    .replace(/^error: /, "")
    .replace(/\.$/, "")
    .replaceAll("\n", " ");
  return new WrongOptions([`${line}; --help lists all`]);
}

function createCommand(): Command {
  const command = paintHelp(new Command("node apps/server/dist/main.js"))
    .usage("[options]")
    .description("One node of a replicated key-value store, with an HTTP API.")
    .version(version(), "-V, --version", "print the version")
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
