// Every mutant compiles: the compiler finds the others before any test could. And how those that
// don't are found among many that are compiled at once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fatal, harmless, mutants } from "../src/mutants/catalogue/all.js";
import { compileFailures, compileIn } from "../src/mutants/compile.js";
import { copyPackages, removeCopy } from "../src/mutants/copy.js";
import type { Mutant } from "../src/mutants/mutant.js";
import { workspaceRoot } from "../src/workspace.js";

test("every mutant compiles", async () => {
  const folder = copyPackages(workspaceRoot);
  onTestFinished(() => removeCopy(folder));
  const sourceOf = (file: string): string => readFileSync(join(folder, file), "utf8");
  const all = [...mutants, fatal, harmless];
  expect(await compileFailures(all, compileIn(folder), sourceOf)).toEqual([]);
}, 120_000);

describe("of many mutants", () => {
  const sources: Readonly<Record<string, string>> = { "a.ts": "1 2 3 4 5", "b.ts": "1 2 3 4 5" };
  const mutant = (id: string, file: string, find: string): Mutant => ({
    id,
    file,
    find,
    replace: `(${id})`,
    why: "",
  });
  const many = [1, 2, 3, 4, 5].flatMap((i) =>
    ["a", "b"].map((name) => mutant(`${name}${i}`, `${name}.ts`, String(i))),
  );

  /** @param bad these don't compile, and the compiler says that of this file */
  async function failuresOf(all: readonly Mutant[], bad: Readonly<Record<string, string>>) {
    let compiled = 0;
    const failures = await compileFailures(
      all,
      (together) => {
        compiled++;
        const errors = together.flatMap(({ id }) => (bad[id] ? [`${bad[id]}: ${id}`] : []));
        return Promise.resolve(errors.join("\n"));
      },
      (file) => sources[file] ?? "",
    );
    return { failures, compiled };
  }

  test("all are compiled at once where all of them compile", async () => {
    expect(await failuresOf(many, {})).toEqual({ failures: [], compiled: 1 });
  });

  test("each that doesn't compile is named, with what the compiler says of it alone", async () => {
    const { failures, compiled } = await failuresOf(many, { a2: "a.ts", a5: "a.ts", b3: "b.ts" });
    expect(failures.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([
      { id: "a2", output: "a.ts: a2" },
      { id: "a5", output: "a.ts: a5" },
      { id: "b3", output: "b.ts: b3" },
    ]);
    expect(compiled).toBeLessThan(20);
  });

  test("also one whose error shows in another file", async () => {
    const { failures } = await failuresOf(many, { a4: "b.ts", b1: "c.ts" });
    expect(failures.map(({ id }) => id).toSorted()).toEqual(["a4", "b1"]);
  });

  test("those at one place are compiled one after the other, and one without a place is an error", async () => {
    const twice = [...many, mutant("a6", "a.ts", "1 2")];
    const { failures, compiled } = await failuresOf(twice, { a6: "a.ts" });
    expect({ failures, compiled }).toEqual({
      failures: [{ id: "a6", output: "a.ts: a6" }],
      compiled: 2,
    });
    const nowhere = failuresOf([...many, mutant("a7", "a.ts", "7")], {});
    await expect(nowhere).rejects.toThrow("a7: not found where they should be");
  });
});
