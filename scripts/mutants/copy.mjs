// A private copy of the packages in which a fault can be put. Third-party modules are shared by
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

/** @typedef {import("./list.mjs").Mutant} Mutant */

const files = ["package.json", "tsconfig.json", "tsconfig.base.json", "vitest.config.ts"];
const notCopied = new Set([".vite", ".vite-temp", ".turbo", "coverage"]);

/**
 * @param {string} root the repository
 * @returns {string} the copy's folder; whoever made it removes it
 */
export function copyPackages(root) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "raftkit-mutants-")));
  for (const name of files) cpSync(join(root, name), join(folder, name));
  for (const name of ["packages", "scripts", "apps/proof"]) {
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

/** @param {string} folder */
export function removeCopy(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * @param {string} source
 * @param {Mutant} mutant
 * @returns {string} the source with the fault in it
 * @throws its place isn't there exactly once
 */
export function applyMutant(source, { id, file, find, replace }) {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(
      `${id}: ${file} holds ${JSON.stringify(find)} ${after === undefined ? 0 : more.length + 1} times; a mutant's place must be there exactly once`,
    );
  }
  return before + replace + after;
}

/**
 * Puts the fault into the copy.
 * @param {string} folder
 * @param {Mutant} mutant
 * @returns {() => void} takes it out again
 */
export function putInto(folder, mutant) {
  const path = join(folder, mutant.file);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, applyMutant(source, mutant));
  return () => writeFileSync(path, source);
}
