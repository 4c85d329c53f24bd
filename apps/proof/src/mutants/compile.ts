// Checks that every mutant compiles: a mutation that the compiler finds proves nothing about tests.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../processes.js";
import { applyMutation } from "../source-mutation.js";
import type { Mutant } from "./mutant.js";

export interface CompileFailure {
  readonly id: string;
  /** What the compiler says of this mutant alone. */
  readonly output: string;
}

/** @returns what the compiler says of all of these at once; "" when they compile */
export type Compile = (together: readonly Mutant[]) => Promise<string>;

/**
 * Compiles as many as go together at once, and looks for the culprits where that fails.
 * @returns every one that doesn't compile
 */
export async function compileFailures(
  mutants: readonly Mutant[],
  compile: Compile,
  sourceOf: (file: string) => string,
): Promise<readonly CompileFailure[]> {
  const failures: CompileFailure[] = [];
  for (let left = mutants; left.length > 0;) {
    const { together } = applyTogether(left, sourceOf);
    if (together.length === 0) {
      throw new Error(`${left.map(({ id }) => id).join(", ")}: not found where they should be`);
    }
    failures.push(...(await failuresAmong(together, compile)));
    left = left.filter((mutant) => !together.includes(mutant));
  }
  return failures;
}

async function failuresAmong(
  mutants: readonly Mutant[],
  compile: Compile,
): Promise<readonly CompileFailure[]> {
  const [first] = mutants;
  if (first === undefined) return [];
  const output = await compile(mutants);
  if (output === "") return [];
  if (mutants.length === 1) return [{ id: first.id, output }];
  // Most errors are in the file of their mutant.
  const named = mutants.filter(({ file }) => output.includes(file));
  const isNarrower = named.length > 0 && named.length < mutants.length;
  const part = isNarrower ? named : mutants.slice(0, mutants.length / 2);
  const rest = mutants.filter((mutant) => !part.includes(mutant));
  return [...(await failuresAmong(part, compile)), ...(await failuresAmong(rest, compile))];
}

/** Those whose places don't overlap with that of one before them, and the sources with them. */
function applyTogether(
  mutants: readonly Mutant[],
  sourceOf: (file: string) => string,
): { readonly together: readonly Mutant[]; readonly sources: ReadonlyMap<string, string> } {
  const sources = new Map<string, string>();
  const together = mutants.filter((mutant) => {
    try {
      const source = sources.get(mutant.file) ?? sourceOf(mutant.file);
      sources.set(mutant.file, applyMutation(source, mutant));
      return true;
    } catch {
      return false;
    }
  });
  return { together, sources };
}

/**
 * Compiles in a copy of the packages; its sources are as they were afterwards.
 * @param folder the copy
 */
export function compileIn(folder: string): Compile {
  return async (mutants) => {
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    const { sources } = applyTogether(mutants, read);
    const originals = [...sources.keys()].map((file) => [file, read(file)] as const);
    for (const [file, source] of sources) writeFileSync(join(folder, file), source);
    const projects = new Set(
      [...sources.keys()].map((file) => file.split("/").slice(0, 2).join("/")),
    );
    const { status, output } = await capture(
      [process.execPath, join(folder, "node_modules/typescript/bin/tsc"), "-b", ...projects],
      { cwd: folder },
    );
    for (const [file, source] of originals) writeFileSync(join(folder, file), source);
    return status === 0 ? "" : output.trim() || `the compiler ended with ${status}`;
  };
}
