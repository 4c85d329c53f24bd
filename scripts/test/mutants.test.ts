// The list of mutants: whoever changes a place that a mutant names must say where it is now.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { applyMutant, putInto } from "../mutants/copy.mjs";
import { fatal, harmless, mutants, packageOf } from "../mutants/list.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the list of mutants", () => {
  test("each changes one place of its file, which is there exactly once", () => {
    for (const mutant of [...mutants, fatal, harmless]) {
      const source = readFileSync(join(root, mutant.file), "utf8");
      expect(applyMutant(source, mutant), mutant.id).not.toBe(source);
    }
  });

  test("has at least 60, each with a name of its own, and some in every package", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(60);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
    expect(
      new Set(mutants.map((mutant) => `${mutant.file} ${mutant.find} ${mutant.replace}`)).size,
    ).toBe(mutants.length);
    expect(new Set(mutants.map(packageOf))).toEqual(
      new Set(["core", "raftkit", "storage-file", "transport-http", "transport-tcp"]),
    );
    for (const mutant of mutants) {
      expect(mutant.id.startsWith(`${packageOf(mutant)}-`), mutant.id).toBe(true);
    }
  });

  test("says of each what goes wrong", () => {
    for (const { id, why } of mutants) expect(why.length, id).toBeGreaterThan(10);
  });
});

describe("putting a mutant in", () => {
  const mutant = { id: "m", file: "a.ts", find: "x > 1", replace: "x >= 1", why: "" };

  test("refuses a place that is gone, or there twice", () => {
    expect(() => applyMutant("x < 1", mutant)).toThrow(/m: a\.ts holds "x > 1" 0 times/);
    expect(() => applyMutant("x > 1 || x > 1", mutant)).toThrow(/2 times/);
  });

  test("takes the text as it is, and takes it out again", () => {
    const folder = mkdtempSync(join(tmpdir(), "raftkit-mutant-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "a.ts"), "if (x > 1) y();");
    const takeOut = putInto(folder, { ...mutant, replace: "$&$1" });
    expect(readFileSync(join(folder, "a.ts"), "utf8")).toBe("if ($&$1) y();");
    takeOut();
    expect(readFileSync(join(folder, "a.ts"), "utf8")).toBe("if (x > 1) y();");
    expect(existsSync(join(folder, "b.ts"))).toBe(false);
  });
});
