#!/usr/bin/env node
// Joins the command line to the process; everything else is in run.ts.
import { run } from "./run.js";

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  out: (text) => console.log(text),
  error: (text) => console.error(text),
});
