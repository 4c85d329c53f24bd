// Checks that every mutant compiles: a mutation that the compiler finds proves nothing about tests.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../processes.js";
import { applyMutation } from "../source-mutation.js";
import type { Mutant } from "./mutant.js";

/**
 * Puts as many as go together into the copy at once, and compiles; the copy is as it was
 * afterwards.
 * @param folder the copy
 * @returns what the compiler says; "" when all compile
 */
export async function compileAll(folder: string, mutants: readonly Mutant[]): Promise<string> {
  let said = "";
  for (let left = mutants; left.length > 0;) {
    const originals = new Map(
      left.map(({ file }) => [file, readFileSync(join(folder, file), "utf8")]),
    );
    const sources = new Map(originals);
    const together = left.filter((mutant) => {
      try {
        sources.set(mutant.file, applyMutation(sources.get(mutant.file) ?? "", mutant));
        return true;
      } catch {
        return false; // its place overlaps with that of one before it: the next round's
      }
    });
    if (together.length === 0) {
      throw new Error(`${left.map(({ id }) => id).join(", ")}: not found where they should be`);
    }
    for (const [file, source] of sources) writeFileSync(join(folder, file), source);
    const projects = new Set(together.map(({ file }) => file.split("/").slice(0, 2).join("/")));
    const { status, output } = await capture(
      [process.execPath, join(folder, "node_modules/typescript/bin/tsc"), "-b", ...projects],
      { cwd: folder },
    );
    for (const [file, source] of originals) writeFileSync(join(folder, file), source);
    if (status !== 0) said += output;
    left = left.filter((mutant) => !together.includes(mutant));
  }
  return said;
}
