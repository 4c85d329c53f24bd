// `proof packages`: the published packages, as their users get them.
import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { provePackages } from "../packages/prove.js";
import type { Done } from "./options.js";
import { UsageError } from "./options.js";

interface Options {
  readonly checkOnly: boolean;
  readonly keep?: string;
}

export function addPackages(program: Command, done: Done, root: string): void {
  program
    .command("packages")
    .summary("the packages as users install them")
    .description("Packs every package and uses it in an empty project outside the workspace.")
    .option("--check-only", "check the tarballs, run nothing from them", false)
    .option("--keep <dir>", "keep the tarballs and the project that uses them in this folder")
    .addHelpText(
      "after",
      `
Examples:
  npm run packages
  npm run packages -- --keep /tmp/packed

Exit codes: 0 all held; 1 something did not; 2 called wrongly.`,
    )
    .action(async ({ checkOnly, keep: folder }: Options) => {
      const keep = folder === undefined ? undefined : emptyFolder(folder, root);
      done((await provePackages(root, { checkOnly, keep })) ? 0 : 1);
    });
}

/** @throws {UsageError} */
function emptyFolder(given: string, root: string): string {
  // Where npm was called; an empty variable counts as unset.
  const folder = resolve(process.env["INIT_CWD"] || process.cwd(), given);
  // What the project imports would be found in the workspace's node_modules.
  if (`${folder}/`.startsWith(root)) {
    throw new UsageError(`--keep: ${folder} is inside the workspace; name a folder outside`);
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--keep: ${folder} can't be made: ${why}`, { cause: error });
  }
  if (readdirSync(folder).length === 0) return realpathSync(folder);
  throw new UsageError(`--keep: ${folder} isn't empty; name another folder`);
}
