// Whole simulated clusters against a mutant: the scenarios of Raft's rules, then clusters from seeds.
// Tier 1 runs core alone, the rules and tier 2 the whole node on a simulated computer; sockets are in
// none.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../processes.js";
import { workspaceRoot } from "../workspace.js";
import type { Mutant } from "./mutant.js";
import { packageOf } from "./mutant.js";

const tiersOf: Readonly<Record<string, string>> = {
  core: "rules,1,2",
  raftkit: "rules,2",
  "storage-file": "rules,2",
};

/** What a trial with seeds found. */
export interface SeedsVerdict {
  /** The first rule or seed that fails with the mutant and passes without it. */
  readonly killer?: string;
  readonly message: string;
}

interface Failed {
  readonly tier: number | string;
  readonly seed: number;
  readonly check: string;
  readonly message: string;
}

/** @param folder the copy, built, with the mutant in its sources */
export async function runSeeds(
  folder: string,
  mutant: Mutant,
  { seeds, timeoutMs }: { readonly seeds: number; readonly timeoutMs: number },
): Promise<SeedsVerdict> {
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
  const { status, output } = await capture(compile, { cwd: folder });
  try {
    if (status !== 0) return { message: `it doesn't compile: ${output.trim()}` };
    const failed = await firstFailure(folder, tiers, 1, seeds, timeoutMs);
    if (typeof failed === "string") return { message: failed };
    const without = await firstFailure(
      workspaceRoot,
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
    cpSync(join(workspaceRoot, "packages", packageOf(mutant), "dist"), join(home, "dist"), {
      recursive: true,
    });
  }
}

const NONE = "every seed passes";

/** @param tree the copy, or the repository itself */
async function firstFailure(
  tree: string,
  tiers: string,
  first: number,
  last: number,
  timeoutMs: number,
): Promise<Failed | string> {
  const { status, output } = await capture(
    [
      process.execPath,
      join(tree, "apps/proof/dist/mutants/seeds-runner.js"),
      tiers,
      String(first),
      String(last),
    ],
    { cwd: tree, stdoutOnly: true, timeoutMs: Math.max(1, timeoutMs) },
  );
  const line = output.trim().split("\n").at(-1) ?? "";
  if (status !== 0 || !line.startsWith("{")) {
    return status === 137
      ? "the seeds didn't end in time"
      : `the seeds ended without a verdict: ${line}`;
  }
  const { found }: { readonly found?: Failed } = JSON.parse(line);
  return found ?? NONE;
}
