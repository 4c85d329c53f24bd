// The benchmarks' command line. A wrong one is said in one line on standard error and thrown as a
// CommanderError.
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { checkFlags, complaint, wholeNumber } from "@raftkit-app/command-line";
import { Command, InvalidArgumentError, Option } from "commander";
import type { OpeningOptions } from "./opening/opening.js";
import type { WritesOptions } from "./writes/writes.js";

export interface ProgramOptions {
  readonly writes: (options: WritesOptions) => Promise<void>;
  readonly opening: (options: OpeningOptions) => Promise<void>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** How a complaint begins: with who complains. */
export const PROGRAM = "raftkit-bench";

export function createProgram({ writes, opening, print, complain }: ProgramOptions): Command {
  const root = new Command("npm run bench --")
    .description(
      "Measures durable writes per second: three server processes (TCP, msgpack, file storage, every write synced on a majority) and a loader.",
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: complain,
      outputError: (text, write) => write(`${complaint(PROGRAM, text)}\n`),
    })
    .addOption(
      new Option(
        "--in-flight <LIST>",
        "writes kept in flight, one measurement each (1 to 4096, separated by commas)",
      )
        .argParser(depthsOf)
        .default([1, 64, 1024], "1,64,1024"),
    )
    .addOption(
      new Option("--seconds <S>", "how long each is counted, after a warm-up of 1 s (1 to 10)")
        .argParser(secondsOf)
        .default(4),
    )
    .addOption(runsOption("fresh clusters; medians are printed"))
    .addOption(whole("--value-bytes <N>", "size of each value", 1, 100_000).default(100))
    .addOption(dataOption())
    .action(writes)
    .addHelpText(
      "after",
      "\nExamples:\n  npm run bench\n  npm run bench -- --in-flight 64 --runs 5\n  npm run bench -- opening --mib 256\n\nExit codes: 0 measured; 1 it could not be measured; 2 wrong options.",
    );
  const command = root
    .command("opening")
    .description("Measures how long a log takes to open, and how much memory.")
    .addOption(whole("--mib <N>", "MiB of entries", 1, 8192).default(1024))
    .addOption(whole("--entry-bytes <N>", "size of each entry", 1, 1024 * 1024).default(4096))
    .addOption(runsOption("how often it is opened"))
    .addOption(dataOption())
    .action(opening);
  for (const one of [root, command]) checkFlags(one);
  return root;
}

function whole(flags: string, what: string, min: number, max: number): Option {
  return new Option(flags, `${what} (${min} to ${max})`).argParser(wholeNumber(min, max));
}

function runsOption(what: string): Option {
  return whole("--runs <N>", what, 1, 20).default(3);
}

function dataOption(): Option {
  return new Option("--data <DIRECTORY>", "an existing folder for the data")
    .argParser(folderOf)
    .default(tmpdir(), "the system's temporary one");
}

/** @throws {InvalidArgumentError} */
function folderOf(path: string): string {
  // A flag in its place: checkFlags says what is missing.
  if (path.startsWith("--")) return path;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new InvalidArgumentError("Allowed: an existing folder.");
}

/** @throws {InvalidArgumentError} */
function depthsOf(text: string): number[] {
  try {
    return text.split(",").map(wholeNumber(1, 4096));
  } catch {
    throw new InvalidArgumentError(
      "Allowed: a list of whole numbers from 1 to 4096, separated by commas.",
    );
  }
}

/** @throws {InvalidArgumentError} */
function secondsOf(text: string): number {
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (seconds >= 1 && seconds <= 10) return seconds;
  throw new InvalidArgumentError("Allowed: a number from 1 to 10.");
}
