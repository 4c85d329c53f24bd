// Runs the tests of one package in a copy of the tree.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../processes.mjs";

/** @typedef {import("./reporter.mjs").Outcome} Outcome */

/**
 * @param {string} folder the copy
 * @param {string} project as `packages/core`
 * @param {{ bail: boolean; durations: Readonly<Record<string, number>>; timeoutMs: number }} how
 * @returns {Promise<Outcome | undefined>} undefined: it didn't end by itself in time
 */
export async function runTests(folder, project, { bail, durations, timeoutMs }) {
  const file = join(folder, "outcome.json");
  rmSync(file, { force: true });
  const command = [
    process.execPath,
    join(folder, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config",
    "scripts/mutants/vitest.config.mjs",
  ];
  const env = {
    ...process.env,
    RAFTKIT_MUTANT_PROJECT: project,
    RAFTKIT_MUTANT_BAIL: bail ? "1" : "0",
    RAFTKIT_MUTANT_DURATIONS: JSON.stringify(durations),
    RAFTKIT_MUTANT_OUTCOME: file,
  };
  const { output } = await capture(command, { cwd: folder, bothStreams: true, timeoutMs, env });
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  if (output.trim() !== "") console.error(output.trim());
  return undefined;
}
