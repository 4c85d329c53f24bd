// A private copy of the packages in which a mutation can be put. Third-party modules are shared by
// links; ours resolve within the copy, since the links between packages are relative. It must never
// write into the working tree.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  realpathSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { SourceMutation } from "../source-mutation.js";
import { applyMutation } from "../source-mutation.js";

const files = ["package.json", "tsconfig.json", "tsconfig.base.json", "vitest.config.ts"];
const notCopied = new Set([".vite", ".vite-temp", ".turbo", "coverage"]);

/**
 * @param root the repository
 * @returns the copy's folder; whoever made it removes it
 */
export function copyPackages(root: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "raftkit-mutants-")));
  for (const name of files) cpSync(join(root, name), join(folder, name));
  for (const name of ["packages", "apps/proof"]) {
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !notCopied.has(basename(path)),
    });
  }
  // A folder of its own, so that what tools put into node_modules ends here.
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!notCopied.has(name)) {
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    }
  }
  return folder;
}

export function removeCopy(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Puts the mutation into the copy.
 * @returns takes it out again
 */
export function putInto(folder: string, mutation: SourceMutation): () => void {
  const path = join(folder, mutation.file);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, applyMutation(source, mutation));
  return () => writeFileSync(path, source);
}
