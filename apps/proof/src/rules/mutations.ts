// Proves the scenarios: puts each one's mutation into a copy of the packages and sees the
// scenario fail. The working tree is never touched. A row that still passes with it is not proven.
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { capture } from "../processes.js";
import type { SourceMutation } from "../source-mutation.js";
import { applyMutation } from "../source-mutation.js";
import type { Scenario } from "./scenario.js";

/** What a scenario runs, by folder. */
const PACKAGES = {
  "packages/core": "@raftkit/core",
  "packages/raftkit": "raftkit",
  "packages/storage-memory": "@raftkit/storage-memory",
  "packages/codec-msgpack": "@raftkit/codec-msgpack",
  "packages/linearizability": "@raftkit/linearizability",
  "packages/simulation": "@raftkit/simulation",
  "apps/proof": "@raftkit-app/proof",
} as const;
/** What these import from elsewhere, by the package that depends on it. */
const LIBRARIES = { msgpackr: "packages/codec-msgpack" } as const;
const SEEDS = 3;
/**
 * Only for code that never comes back; whatever waits in simulated time is bounded by the scenario
 * itself.
 */
const WALL_LIMIT_MS = 180_000;

export interface Proof {
  readonly scenario: Scenario;
  readonly proven: boolean;
  /** How the scenario failed, or why that wasn't seen. */
  readonly detail: string;
}

/** @param root the repository, built */
export async function proveAll(
  scenarios: readonly Scenario[],
  root: URL,
  onProof: (proof: Proof) => void,
): Promise<void> {
  const waiting = [...scenarios];
  async function work(): Promise<void> {
    for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
      onProof(await prove(scenario, root));
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
}

async function prove(scenario: Scenario, root: URL): Promise<Proof> {
  const folder = await mkdtemp(join(tmpdir(), "raftkit-mutation-"));
  try {
    await copyWithMutation(scenario.mutation, root, folder);
    const runner = join(folder, "node_modules/@raftkit-app/proof/dist/rules/runner.js");
    const { status, output } = await capture(
      [process.execPath, runner, scenario.rule, `${SEEDS}`],
      { cwd: folder, timeoutMs: WALL_LIMIT_MS },
    );
    const last = output.trim().split("\n").at(-1) ?? "";
    if (status !== 0) {
      const why = `ended without a verdict (${status === 137 ? "out of real time" : status}): ${last}`;
      return { scenario, proven: false, detail: why };
    }
    const { failure }: { failure?: string } = JSON.parse(last);
    return {
      scenario,
      proven: failure !== undefined,
      detail: failure?.split("\n")[0] ?? "still passes with its mutation",
    };
  } catch (error) {
    return {
      scenario,
      proven: false,
      detail: error instanceof Error ? error.message : String(error),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The built packages side by side, one of them built anew from the changed source. */
async function copyWithMutation(
  mutation: SourceMutation,
  root: URL,
  folder: string,
): Promise<void> {
  const home = (name: string): string => join(folder, "node_modules", name);
  for (const [directory, name] of Object.entries(PACKAGES)) {
    for (const part of ["package.json", "dist"]) {
      await cp(new URL(`${directory}/${part}`, root), join(home(name), part), {
        recursive: true,
      });
    }
  }
  for (const [name, directory] of Object.entries(LIBRARIES)) {
    const found = await realpath(new URL(`${directory}/node_modules/${name}`, root));
    await symlink(found, join(folder, "node_modules", name), "junction");
  }
  const [, directory = "", file = ""] =
    /^(packages\/[a-z-]+)\/(src\/.*)$/.exec(mutation.file) ?? [];
  const name = Object.entries(PACKAGES).find(([one]) => one === directory)?.[1];
  if (name === undefined) {
    throw new Error(`${mutation.file} is in none of the packages that scenarios run`);
  }
  await cp(new URL(`${directory}/src`, root), join(home(name), "src"), {
    recursive: true,
  });
  const changed = join(home(name), file);
  await writeFile(changed, applyMutation(await readFile(changed, "utf8"), mutation));
  const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  const { status, output } = await capture(
    [
      process.execPath,
      compiler,
      "--ignoreConfig",
      "--noCheck",
      "--rootDir",
      join(home(name), "src"),
      "--outDir",
      join(home(name), "dist"),
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--verbatimModuleSyntax",
      changed,
    ],
    { cwd: folder },
  );
  if (status !== 0) throw new Error(`the changed source doesn't compile: ${output.trim()}`);
}
