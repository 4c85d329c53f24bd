// How the values of options are read.
import { statSync } from "node:fs";
import { wholeNumber } from "@raftkit-app/command-line";
import { InvalidArgumentError, Option } from "commander";

/** An option with its own parser. */
export function only(flags: string, what: string, parse: (text: string) => unknown): Option {
  return new Option(flags, what).argParser(parse);
}

/** A whole number; both bounds are allowed. */
export function option(flags: string, what: string, min: number, max: number): Option {
  return only(flags, `${what} (${min} to ${max})`, wholeNumber(min, max));
}

/** @throws {InvalidArgumentError} */
export function folderOf(path: string): string {
  // A flag in its place: checkFlags says what is missing.
  if (path.startsWith("--")) return path;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new InvalidArgumentError("Allowed: an existing folder.");
}

/** @throws {InvalidArgumentError} */
export function depthsOf(text: string): number[] {
  try {
    return text.split(",").map(wholeNumber(1, 4096));
  } catch {
    throw new InvalidArgumentError(
      "Allowed: a list of whole numbers from 1 to 4096, separated by commas.",
    );
  }
}

/** @returns MiB; null: no snapshots. @throws {InvalidArgumentError} */
export function boundsOf(text: string): (number | null)[] {
  const mib = wholeNumber(1, 8192);
  try {
    const bounds = text.split(",").map((one) => (one === "none" ? null : mib(one)));
    if (new Set(bounds).size === bounds.length) return bounds;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError(
    "Allowed: a list of whole numbers from 1 to 8192, or none, each once, separated by commas.",
  );
}

/** @returns a parser, which throws {InvalidArgumentError} */
export function secondsOf(max: number): (text: string) => number {
  return (text) => {
    const seconds = text.trim() === "" ? Number.NaN : Number(text);
    if (seconds >= 1 && seconds <= max) return seconds;
    throw new InvalidArgumentError(`Allowed: a number from 1 to ${max}.`);
  };
}
