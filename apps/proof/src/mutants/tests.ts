// Runs the tests of one package in a copy of the tree.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../processes.js";
import type { Outcome } from "./reporter.js";

/**
 * @param folder the copy
 * @param project as `packages/core`
 * @returns undefined: it didn't end by itself in time
 */
export async function runTests(
  folder: string,
  project: string,
  {
    bail,
    durations,
    timeoutMs,
  }: {
    readonly bail: boolean;
    readonly durations: Readonly<Record<string, number>>;
    readonly timeoutMs: number;
  },
): Promise<Outcome | undefined> {
  const file = join(folder, "outcome.json");
  rmSync(file, { force: true });
  const command = [
    process.execPath,
    join(folder, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config",
    "apps/proof/mutants.vitest.config.ts",
  ];
  const env = {
    ...process.env,
    RAFTKIT_MUTANT_PROJECT: project,
    RAFTKIT_MUTANT_BAIL: bail ? "1" : "0",
    RAFTKIT_MUTANT_DURATIONS: JSON.stringify(durations),
    RAFTKIT_MUTANT_OUTCOME: file,
  };
  const { output } = await capture(command, { cwd: folder, timeoutMs, env });
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  if (output.trim() !== "") console.error(output.trim());
  return undefined;
}
