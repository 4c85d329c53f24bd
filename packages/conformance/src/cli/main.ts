#!/usr/bin/env node
// The program `raftkit-conformance`. It ends when the report is out, also when what was tested left
// a timer or a socket behind.
import { runCommandLine } from "./run.js";

// Who reads the report has gone away (`| head`): what is left to run would be for nobody, and the
// error no case's fault.
process.stdout.on("error", () => process.exit(1));

const code = await runCommandLine(process.argv.slice(2), {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
  folder: process.cwd(),
});
process.stdout.write("", () => process.exit(code));
