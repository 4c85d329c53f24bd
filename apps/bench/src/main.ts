// `npm run bench`: the program around the benchmarks. Exit codes: 0 measured; 1 it could not be
// measured; 2 wrong options; 130 or 143 interrupted. Whatever ends it, its servers and data go with
// it.
import { constants } from "node:os";
import { CommanderError } from "commander";
import { measureCatchUp } from "./catch-up/catch-up.js";
import { measureCompare } from "./compare/compare.js";
import { measureEndurance } from "./endurance/endurance.js";
import { measureFailover } from "./gaps/failover.js";
import { measureRestartGap } from "./gaps/restart-gap.js";
import { measureOpening } from "./opening/opening.js";
import { measureLibraries } from "./libraries/libraries.js";
import { measureGrowth } from "./parts/growth.js";
import { measureParts } from "./parts/parts.js";
import { createProgram, PROGRAM } from "./program.js";
import { measureRestart } from "./restart/restart.js";
import { measureWrites } from "./writes/writes.js";

const print = (line: string): void => console.log(line);

const program = createProgram({
  compare: (options) => measureCompare(options, print),
  parts: (options) => measureParts(options, print),
  growth: (options) => measureGrowth(options, print),
  libraries: (options) => measureLibraries(options, print),
  writes: (options) => measureWrites(options, print),
  opening: (options) => measureOpening(options, print),
  endurance: (options) => measureEndurance(options, print),
  restart: (options) => measureRestart(options, print),
  catchUp: (options) => measureCatchUp(options, print),
  restartGap: (options) => measureRestartGap(options, print),
  failover: (options) => measureFailover(options, print),
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${PROGRAM}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
