// `node apps/cluster/dist/slow-links/main.js [MEGABITS]...`: large commands over slow links, a line
// for each speed and size. Exits with 1 when a command was not committed or a leader was replaced.
import { trySlowLinks } from "./trial.js";

const MIB = 1024 * 1024;
const SPEEDS = [20, 100];
const COMMANDS_MIB = [1, 3.9];
const COMMANDS = 3;

const given = process.argv.slice(2);
const wrong = given.find((text) => !SPEEDS.includes(Number(text)));

async function main(): Promise<void> {
  let failed = 0;
  for (const megabitsPerSecond of given.length === 0 ? SPEEDS : given.map(Number)) {
    for (const mib of COMMANDS_MIB) {
      const { tookMs, elections, failures } = await trySlowLinks({
        megabitsPerSecond,
        commandBytes: Math.floor(mib * MIB),
        commands: COMMANDS,
      });
      // Nothing was proven if the links carried more than they were allowed to.
      const transferMs = (mib * MIB * 8) / (megabitsPerSecond * 1000);
      const isSlow = tookMs.every((ms) => ms > transferMs * 0.9);
      const isGood = failures.length === 0 && elections === 0 && isSlow;
      if (!isGood) failed++;
      console.log(
        `${isGood ? "ok    " : "FAILED"}  ${megabitsPerSecond} Mbit/s, commands of ${mib} MiB: ${tookMs.length} of ${COMMANDS} committed (${tookMs.map((ms) => ms.toFixed(0)).join(", ")} ms), ${elections} elections${isSlow ? "" : "; the links were too fast"}`,
      );
      for (const failure of failures) console.log(`        ${failure}`);
    }
  }
  console.log(
    failed === 0
      ? "passed: every command was committed, no leader was replaced"
      : `failed: ${failed} of the lines above`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

if (wrong === undefined) await main();
else {
  console.error(`${JSON.stringify(wrong)}: allowed: ${SPEEDS.join(" or ")}, in Mbit/s`);
  process.exitCode = 2;
}
