// Whole simulated clusters against a mutant: the scenarios of Raft's rules, then clusters from
// seeds. The core simulation runs core alone, the rules and the cluster simulation the whole node
// on a simulated computer; sockets are in none.
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { Simulation } from "../plans/plan.js";
import { capture } from "../processes.js";
import { workspaceRoot } from "../workspace.js";
import type { Mutant } from "./mutant.js";
import { packageOf } from "./mutant.js";

const partsOf: Readonly<Record<string, string>> = {
  core: "rules,core,cluster",
  kv: "cluster",
  raftkit: "rules,cluster",
  sessions: "cluster",
  "storage-file": "rules,cluster",
};

/** What a trial with seeds found. */
export interface SeedsVerdict {
  /** The first rule or seed that fails with the mutant and passes without it. */
  readonly killer?: string;
  readonly message: string;
}

interface Failed {
  readonly where: "rules" | Simulation;
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
  const parts = partsOf[packageOf(mutant)] ?? "";
  if (parts === "") return { message: "no simulation reaches it" };
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
    const failed = await firstFailure(folder, parts, 1, seeds, timeoutMs);
    if (typeof failed === "string") return { message: failed };
    const without = await firstFailure(
      workspaceRoot,
      failed.where,
      failed.seed,
      failed.seed,
      timeoutMs,
    );
    const what =
      failed.where === "rules" ? "rule" : `${failed.where} simulation, seed ${failed.seed}:`;
    if (without !== NONE) return { message: `${what} ${failed.check} fails without it too` };
    return {
      killer: `${what} ${failed.check}`,
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
  parts: string,
  first: number,
  last: number,
  timeoutMs: number,
): Promise<Failed | string> {
  const { status, output } = await capture(
    [
      process.execPath,
      join(tree, "apps/proof/dist/mutants/seeds-runner.js"),
      parts,
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
