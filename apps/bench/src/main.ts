// `npm run bench`: the program around the benchmarks. Exit codes: 0 measured; 1 it could not be
// measured; 2 wrong options.
import { CommanderError } from "commander";
import { measureOpening } from "./opening/opening.js";
import { createProgram, PROGRAM } from "./program.js";
import { measureWrites } from "./writes/writes.js";

const print = (line: string): void => console.log(line);

const program = createProgram({
  writes: (options) => measureWrites(options, print),
  opening: (options) => measureOpening(options, print),
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${PROGRAM}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
