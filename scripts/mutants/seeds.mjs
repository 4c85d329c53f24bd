// Whole simulated clusters against a mutant: the scenarios of Raft's rules, then clusters from seeds.
// Tier 1 runs core alone, the rules and tier 2 the whole node on a simulated computer; sockets are in
// none.
import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { capture } from "../processes.mjs";
import { packageOf } from "./list.mjs";

/** @typedef {import("./list.mjs").Mutant} Mutant */

const root = fileURLToPath(new URL("../..", import.meta.url));
/** @type {Readonly<Record<string, string>>} */
const tiersOf = { core: "rules,1,2", raftkit: "rules,2", "storage-file": "rules,2" };

/**
 * @param {string} folder the copy, built, with the mutant in its sources
 * @param {Mutant} mutant
 * @param {{ seeds: number; timeoutMs: number }} how
 * @returns {Promise<{ killer?: string; message: string }>} the first rule or seed that fails with it and
 * passes without it
 */
export async function runSeeds(folder, mutant, { seeds, timeoutMs }) {
  const tiers = tiersOf[packageOf(mutant)] ?? "";
  if (tiers === "") return { message: "no simulation reaches it" };
  const [home, source] = [join(folder, "packages", packageOf(mutant)), join(folder, mutant.file)];
  const compile = [
    process.execPath,
    join(folder, "node_modules/typescript/bin/tsc"),
    "--ignoreConfig",
    "--noCheck",
    "--rootDir",
    join(home, "src"),
    "--outDir",
    join(home, "dist"),
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--verbatimModuleSyntax",
    source,
  ];
  const { status, output } = await capture(compile, { cwd: folder, bothStreams: true });
  try {
    if (status !== 0) return { message: `it doesn't compile: ${output.trim()}` };
    const failed = await firstFailure(folder, tiers, 1, seeds, timeoutMs);
    if (typeof failed === "string") return { message: failed };
    const without = await firstFailure(
      root,
      String(failed.tier),
      failed.seed,
      failed.seed,
      timeoutMs,
    );
    const what = failed.tier === "rules" ? "rule" : `tier ${failed.tier}, seed ${failed.seed}:`;
    if (without !== NONE) return { message: `${what} ${failed.check} fails without it too` };
    return {
      killer: `simulation, ${what} ${failed.check}`,
      message: failed.message,
    };
  } finally {
    cpSync(join(root, "packages", packageOf(mutant), "dist"), join(home, "dist"), {
      recursive: true,
    });
  }
}

const NONE = "every seed passes";

/**
 * @param {string} tree
 * @param {string} tiers
 * @param {number} first
 * @param {number} last
 * @param {number} timeoutMs
 * @returns {Promise<{ tier: number | string; seed: number; check: string; message: string } | string>}
 */
async function firstFailure(tree, tiers, first, last, timeoutMs) {
  const { status, output } = await capture(
    [
      process.execPath,
      join(tree, "scripts/mutants/seeds-runner.mjs"),
      tiers,
      String(first),
      String(last),
    ],
    { cwd: tree, timeoutMs: Math.max(1, timeoutMs) },
  );
  const line = output.trim().split("\n").at(-1) ?? "";
  if (status !== 0 || !line.startsWith("{")) {
    return status === 137
      ? "the seeds didn't end in time"
      : `the seeds ended without a verdict: ${line}`;
  }
  const found = JSON.parse(line);
  return found.seed === undefined ? NONE : found;
}
