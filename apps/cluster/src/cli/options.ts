// How all commands declare their options: each has an environment variable and a value that is
// checked, and may be given once. Flags win over the environment, that over a file, and the file over
// defaults.
import { ConfigFileError, readConfigFile, wholeNumber } from "@raftkit-app/command-line";
import type { ConfigFile } from "@raftkit-app/command-line";
import { Argument, InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { closest, distance } from "fastest-levenshtein";

type Environment = Record<string, string | undefined>;

const PREFIX = "RAFTKIT_CLUSTER_";

/** Adds the option's environment variable. */
export function declared(option: Option): Option {
  return option.env(PREFIX + option.name().toUpperCase().replaceAll("-", "_"));
}

/** @param flags as `--nodes <N>` */
export function wholeOption(flags: string, what: string, min: number, max: number): Option {
  return declared(new Option(flags, `${what} (${min} to ${max})`).argParser(wholeNumber(min, max)));
}

/** A switch. Its variable, or the flag itself, may say `false`. */
export function switchOption(flag: string, what: string): Option {
  const option = new Option(`${flag} [true|false]`, what).choices(["true", "false"]);
  const { parseArg } = option;
  option.argParser((text) => parseArg?.(text, undefined) === "true");
  return declared(option).preset("true").default(false);
}

/** For what a command prints at the end; what it says meanwhile goes to standard error then. */
export function jsonOption(): Option {
  return new Option("--json", "print the result as JSON").default(false);
}

/** @param fallback by default the first choice */
export function choiceOption(
  flags: string,
  what: string,
  choices: readonly string[],
  fallback = choices[0],
): Option {
  return declared(new Option(flags, what).choices(choices)).default(fallback);
}

export function pathOption(flags: string, what: string, fallback: string): Option {
  return declared(new Option(flags, what).argParser(pathOf)).default(fallback);
}

/** @throws {InvalidArgumentError} */
export function pathOf(text: string): string {
  if (text !== "" && !text.includes("\0")) return text;
  throw new InvalidArgumentError("Allowed: a path.");
}

/**
 * Which nodes there are is the cluster's to say; an empty text, as of an unset variable, is none.
 */
export function nodeArgument(name: string, what: string): Argument {
  return new Argument(name, what).argParser((text) => {
    if (text !== "") return text;
    throw new InvalidArgumentError("Allowed: a node's number or its id.");
  });
}

const CONFIG = "config";

/** @param root all of whose options a file may have, so that one serves every command */
export function configOption(root: Command): Option {
  const what = "a YAML file with lines like nodes: 5, named for these options";
  return declared(new Option(`--${CONFIG} <FILE>`, what)).argParser((file) => {
    const names = root.commands.flatMap(({ options }) =>
      options.filter(({ envVar }) => envVar !== undefined).map((option) => option.name()),
    );
    try {
      return readConfigFile(
        pathOf(file),
        names.filter((name) => name !== CONFIG),
      );
    } catch (error) {
      if (error instanceof ConfigFileError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  });
}

/** What neither flags nor the environment say is taken from the file, if there is one. */
export function applyConfig(command: Command): void {
  const config: ConfigFile | undefined = command.getOptionValue(CONFIG);
  for (const option of config === undefined ? [] : command.options) {
    const text = config?.values.get(option.name());
    const key = option.attributeName();
    const source = command.getOptionValueSource(key);
    if (text === undefined || (source !== undefined && source !== "default")) continue;
    try {
      const value: unknown = option.parseArg ? option.parseArg(text, undefined) : text;
      command.setOptionValueWithSource(key, value, "config");
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      command.error(
        `error: option '${option.flags}' value '${text}' from ${option.name()} in ${config?.file} is invalid. ${error.message}`,
      );
    }
  }
}

/** Adds examples, as what follows the command, and exit codes to its help. */
export function explain(command: Command, examples: readonly string[], exitCodes: string): void {
  const program = `${command.parent?.name()} ${command.name()}`;
  const lines = examples.map((args) => `  ${program} ${args}`.trimEnd());
  command.addHelpText("after", `\nExamples:\n${lines.join("\n")}\n\nExit codes: ${exitCodes}`);
}

/** An empty variable counts as unset. Commander reads the environment itself. */
export function dropEmptyVariables(environment: Environment): void {
  for (const name of Object.keys(environment)) {
    if (name.startsWith(PREFIX) && environment[name] === "") delete environment[name];
  }
}

/**
 * A misspelt variable would be ignored in silence.
 * @returns the complaint; undefined: there is none
 */
export function unknownVariable(
  known: readonly string[],
  environment: Environment,
): string | undefined {
  const name = Object.keys(environment).find(
    (one) => one.startsWith(PREFIX) && !known.includes(one),
  );
  if (name === undefined) return undefined;
  // A node's own variable without its prefix is the likelier slip: RAFTKIT_CLUSTER_ID.
  const prefixed = PREFIX + name.slice("RAFTKIT_".length);
  const best = closest(name, [...known]);
  const isNear = distance(name, best) <= (name.length - PREFIX.length) / 3;
  const meant = known.includes(prefixed) ? prefixed : isNear ? best : undefined;
  return `unknown environment variable ${name}${meant === undefined ? "" : ` (Did you mean ${meant}?)`}`;
}
