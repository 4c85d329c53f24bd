// What all apps' command lines share beside commander: what it lets pass is refused, and a
// complaint is one line that begins with who complains.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";

export { addCompletion, candidates, serveCompletion } from "./completion.js";
export { ConfigFileError, readConfigFile } from "./config-file.js";
export type { ConfigFile } from "./config-file.js";
export { painterFor, paintHelp, plain } from "./paint.js";
export type { Paint } from "./paint.js";

/** @param manifest the program's package.json */
export function versionText(program: string, manifest: URL): string {
  const path = fileURLToPath(manifest);
  const { version }: { readonly version: string } = createRequire(manifest)(path);
  return `${program} ${version} (Node ${process.versions.node})`;
}

/** @param text commander's own message, or another that says what is wrong */
export function complaint(program: string, text: string): string {
  const what = text
    .trimEnd()
    .replace(/\.$/, "")
    .replace(/^error: /, "")
    .replaceAll("\n", " ");
  return `${program}: ${what}; --help tells what is allowed`;
}

/**
 * Refuses what commander lets pass: of two values it takes the last, and for a missing value the
 * flag that follows. Call it once all options are declared.
 * @param onValue told of each flag that may pass; not of values from the environment
 */
export function checkFlags(
  command: Command,
  onValue: (name: string, value: unknown) => void = () => {},
): void {
  for (const option of command.options) {
    let isGiven = false;
    command.on(`option:${option.name()}`, (value: unknown) => {
      if (typeof value === "string" && value.startsWith("--")) {
        command.error(`error: option '${option.flags}' argument missing`);
      }
      if (isGiven && !option.variadic) {
        command.error(`error: option '${option.flags}' was given twice`);
      }
      isGiven = true;
      onValue(option.name(), value);
    });
  }
}

/** `--name=value` as two arguments: commander suggests nothing for a misspelt flag with a value. */
export function splitValues(args: readonly string[]): string[] {
  return args.flatMap((text) => /^(--[^=]+)=([^]*)$/.exec(text)?.slice(1) ?? [text]);
}

/**
 * A parser of whole numbers for commander.
 * @param max both bounds are allowed
 */
export function wholeNumber(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? "on" : `to ${max}`;
    throw new InvalidArgumentError(`Allowed: a whole number from ${min} ${upTo}.`);
  };
}
