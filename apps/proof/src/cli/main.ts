// The entry of the proof's command line. Of a command that dies, the last line is the reason.
import { PROGRAM } from "./options.js";
import { main } from "./program.js";

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`${PROGRAM}:`, error);
  const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
  console.error(`failed: ${reason}`);
  process.exitCode = 1;
}
