// What all commands share: how their options are checked.
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";

/** Commander's command, told with which exit code an action ended. */
export type Done = (exitCode: number) => void;

/** How a complaint begins: with who complains. */
export const PROGRAM = "raftkit-proof";

/**
 * One line of a wrong command line.
 * @param text commander's own, or the message of a UsageError
 */
export function complaint(text: string): string {
  const what = text
    .trimEnd()
    .replace(/\.$/, "")
    .replace(/^error: /, "")
    .replaceAll("\n", " ");
  return `${PROGRAM}: ${what}; --help tells what is allowed`;
}

/** Called wrongly in a way that commander can't see; the message says how. */
export class UsageError extends Error {}

/** A parser of whole numbers. @param max both bounds are allowed */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? "on" : `to ${max}`;
    throw new InvalidArgumentError(`Allowed: a whole number from ${min} ${upTo}.`);
  };
}

/** An option that is given twice is an error: commander itself takes the last one silently. */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    if (option.variadic) continue;
    let given = 0;
    command.on(`option:${option.name()}`, () => {
      if (++given > 1) command.error(`error: option '${option.flags}' was given twice`);
    });
  }
}
