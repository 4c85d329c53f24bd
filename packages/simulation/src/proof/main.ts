// The entry of `npm run simulate`: gives the command its terminal, its threads and its exit code.
import { simulate } from "./cli/simulate.js";
import { createThreadRunner } from "./cli/pool.js";

const { stdout } = process;
let isBarOpen = false;

function print(line: string): void {
  if (isBarOpen) stdout.write("\n");
  isBarOpen = false;
  stdout.write(`${line}\n`);
}

process.exitCode = await simulate(process.argv.slice(2), {
  print,
  complain: (line) => { process.stderr.write(`${line}\n`); },
  replaceLine: stdout.isTTY ? (line) => {
    stdout.write(`\r${line}`);
    isBarOpen = true;
  } : undefined,
  createRunner: createThreadRunner,
  directory: "simulation-failures",
});
