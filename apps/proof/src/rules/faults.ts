// Proves the scenarios: puts each one's fault into a copy of the packages and sees the scenario
// fail. The working tree is never touched. A row that still passes with its fault is not proven.
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fault, Scenario } from "./scenario.js";

/** What a scenario runs, by folder. */
const PACKAGES = {
  "packages/core": "@raftkit/core",
  "packages/raftkit": "raftkit",
  "packages/storage-memory": "@raftkit/storage-memory",
  "packages/codec-msgpack": "@raftkit/codec-msgpack",
  "packages/simulation": "@raftkit/simulation",
  "apps/proof": "@raftkit-app/proof",
} as const;
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

/** The source with the fault in it. @throws when its place isn't found exactly once */
export function applyFault(source: string, fault: Fault): string {
  const [before, after, ...more] = source.split(fault.find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(
      `${fault.file} holds ${JSON.stringify(fault.find)} ${after === undefined ? 0 : more.length + 1} times; a fault's place must be found exactly once`,
    );
  }
  return before + fault.replace + after;
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
  const folder = await mkdtemp(join(tmpdir(), "raftkit-fault-"));
  try {
    await copyWithFault(scenario.fault, root, folder);
    const runner = join(folder, "node_modules/@raftkit-app/proof/dist/rules/runner.js");
    const { code, output } = await run(
      process.execPath,
      [runner, scenario.rule, `${SEEDS}`],
      folder,
    );
    const last = output.trim().split("\n").at(-1) ?? "";
    if (code !== 0) {
      const why = `ended without a verdict (${code ?? "out of real time"}): ${last}`;
      return { scenario, proven: false, detail: why };
    }
    const { failure }: { failure?: string } = JSON.parse(last);
    return {
      scenario,
      proven: failure !== undefined,
      detail: failure?.split("\n")[0] ?? "still passes with its fault",
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
async function copyWithFault(fault: Fault, root: URL, folder: string): Promise<void> {
  const home = (name: string): string => join(folder, "node_modules", name);
  for (const [directory, name] of Object.entries(PACKAGES)) {
    for (const part of ["package.json", "dist"]) {
      await cp(new URL(`${directory}/${part}`, root), join(home(name), part), {
        recursive: true,
      });
    }
  }
  const [, directory = "", file = ""] = /^(packages\/[a-z-]+)\/(src\/.*)$/.exec(fault.file) ?? [];
  const name = Object.entries(PACKAGES).find(([one]) => one === directory)?.[1];
  if (name === undefined) {
    throw new Error(`${fault.file} is in none of the packages that scenarios run`);
  }
  await cp(new URL(`${directory}/src`, root), join(home(name), "src"), {
    recursive: true,
  });
  const changed = join(home(name), file);
  await writeFile(changed, applyFault(await readFile(changed, "utf8"), fault));
  const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  const { code, output } = await run(
    process.execPath,
    [
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
    folder,
  );
  if (code !== 0) throw new Error(`the changed source doesn't compile: ${output.trim()}`);
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: WALL_LIMIT_MS,
      killSignal: "SIGKILL",
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
