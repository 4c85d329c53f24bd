// Loaded into Vitest's process before its command line is read: of an option that it doesn't know,
// Vitest would show its own stack and end with 1, as if a case had failed.
import { writeSync } from "node:fs";
import { PROGRAM } from "./options.js";

process.once("uncaughtExceptionMonitor", (error) => {
  if (error.name !== "CACError") return;
  writeSync(2, `${PROGRAM}: ${error.message}; npx vitest --help tells Vitest's options\n`);
  process.exit(2);
});
