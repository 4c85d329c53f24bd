// Reads flags and environment for a table of options: flags win over the environment, the
// environment over defaults. Every complaint names the option, what was given and what is allowed.
// Nothing here prints or exits.
import { parseArgs } from "node:util";
import { RaftkitError } from "@raftkit/core";
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";

/**
 * A wrong command line; every line of the message names the option, what was given and what is
 * allowed.
 */
export class WrongOptions extends RaftkitError {
  constructor(lines: readonly string[]) {
    super("WRONG_OPTIONS", lines.join("\n"));
  }
}

export interface Option {
  readonly flag: string;
  /** What help prints for the value; empty for a switch. */
  readonly value: string;
  readonly fallback: string;
  readonly allowed: string;
  readonly help: string;
}

export type OptionTable<Name extends string> = Readonly<Record<Name, Option>>;
export type Texts<Name extends string> = Partial<Record<Name, string>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export function environmentName(flag: string): string {
  return `RAFTKIT_CLUSTER_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * An empty variable counts as unset.
 * @param names the options that the command takes
 * @param maxPositionals how many arguments without a flag it takes
 * @throws {WrongOptions}
 */
export function readArguments<Name extends string>(
  table: OptionTable<Name>,
  names: readonly Name[],
  maxPositionals: number,
  args: readonly string[],
  environment: Environment,
): { texts: Texts<Name>; positionals: string[] } {
  const flags = Object.fromEntries(
    Object.values<Option>(table).map(({ flag, value }) => [
      flag,
      { type: value === "" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: flags,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const texts: Texts<Name> = {};
  for (const name of names) {
    texts[name] = environment[environmentName(table[name].flag)] || table[name].fallback;
  }
  const positionals: string[] = [];
  const wrong: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const name = names.find((candidate) => table[candidate].flag === token.name);
    if (name === undefined) {
      wrong.push(
        unknownOption(token.rawName, [...names.map((known) => table[known].flag), "help"]),
      );
    } else if (token.value === undefined && table[name].value !== "") {
      wrong.push(complaint(table[name], "nothing"));
    } else texts[name] = token.value ?? "true";
  }
  for (const extra of positionals.slice(maxPositionals)) {
    wrong.push(
      `unexpected argument ${JSON.stringify(extra)}; ${maxPositionals === 0 ? "options look like --nodes 5" : "one is enough"}`,
    );
  }
  if (wrong.length > 0) throw new WrongOptions(wrong);
  return { texts, positionals };
}

/**
 * The values of these texts. @throws {WrongOptions} with a line for each wrong one; zod's own words
 * name neither the option nor what is allowed
 */
export function parseTexts<Name extends string, T>(
  schema: z.ZodType<T>,
  table: OptionTable<Name>,
  texts: Texts<Name>,
): T {
  const parsed = schema.safeParse(texts);
  if (parsed.success) return parsed.data;
  const wrong = new Set(parsed.error.issues.map(({ path }) => path[0]));
  const names = (Object.keys(table) as Name[]).filter((name) => wrong.has(name));
  throw new WrongOptions(names.map((name) => complaint(table[name], JSON.stringify(texts[name]))));
}

function unknownOption(raw: string, flags: readonly string[]): string {
  const given = raw.replace(/^-+/, "");
  const meant = nearest(given, flags);
  return `unknown option ${raw}; ${meant === undefined ? "" : `did you mean --${meant}? `}allowed: ${flags.map((flag) => `--${flag}`).join(", ")}`;
}

/** What was probably meant: it begins with what was given, or differs in a third of its letters. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const best = closest(given, [...known]);
  if (distance(given, best) <= Math.min(3, Math.round(given.length / 3))) return best;
  return known.find((name) => given.length > 1 && name.startsWith(given));
}

export function complaint({ flag, allowed }: Option, given: string): string {
  return `--${flag}: given ${given}; allowed: ${allowed}`;
}

/** A whole number in decimal. */
export function isWhole(text: string, min: number, max: number): boolean {
  return /^[0-9]{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max;
}
