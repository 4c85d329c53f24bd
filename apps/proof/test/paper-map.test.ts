// docs/paper-map.md: each rule of the paper's Figures 2 and 13, the functions that carry it out,
// and what notices a mistake in them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mutants } from "../src/mutants/catalogue/all.js";
import { workspaceRoot } from "../src/workspace.js";
import { isInSources } from "./support/named-tests.js";

const SOURCES = "packages/core/src";

/**
 * How many rules each box of the figures has; a snapshot's sender has one, before its receiver's.
 */
const boxes: Readonly<Record<string, readonly [first: number, last: number]>> = {
  P: [1, 4], // persistent state
  V: [1, 4], // volatile state
  AE: [1, 5],
  RV: [1, 2],
  A: [1, 2], // all servers
  F: [1, 2],
  C: [1, 4],
  L: [1, 6],
  IS: [0, 8],
};

interface Row {
  readonly id: string;
  /** As `handlers/receive.ts › refusesStale`. */
  readonly functions: readonly string[];
  readonly tests: readonly string[];
  readonly mutants: readonly string[];
}

/** Of the tables with five columns. */
function readRows(page: string): readonly Row[] {
  const quoted = (cell: string): readonly string[] =>
    [...cell.matchAll(/`([^`]+ › [^`]+)`/g)].map(([, name = ""]) => name);
  return page.split("\n").flatMap((line) => {
    const [id = "", , functions = "", tests = "", named = "", ...more] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (more.length > 0 || !/^[A-Z]+\d$/.test(id)) return [];
    if (functions === "") return [];
    return [
      {
        id,
        functions: quoted(functions),
        tests: quoted(tests),
        mutants: named === "" ? [] : named.split(", "),
      },
    ];
  });
}

/** The text of a function, or of a class's method; undefined: there is no such one. */
function textOf(name: string): string | undefined {
  const [file = "", own = ""] = name.split(" › ");
  const path = join(workspaceRoot, SOURCES, file);
  if (!existsSync(path)) return undefined;
  const heads = [`^(?:export )?function ${own}\\b.*?^}$`, `^  ${own}\\(.*?^  }$`];
  const source = readFileSync(path, "utf8");
  return heads.map((head) => new RegExp(head, "ms").exec(source)?.[0]).find(Boolean);
}

describe("docs/paper-map.md", () => {
  const rows = readRows(readFileSync(join(workspaceRoot, "docs/paper-map.md"), "utf8"));

  test("has a row for each rule of the two figures, in order, with functions and tests", () => {
    const expected = Object.entries(boxes).flatMap(([box, [first, last]]) =>
      Array.from({ length: last - first + 1 }, (_, i) => `${box}${first + i}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(expected);
    for (const { id, functions, tests } of rows) {
      expect(functions.length, id).toBeGreaterThan(0);
      expect(tests.length, id).toBeGreaterThan(0);
    }
  });

  test("names functions that exist", () => {
    const named = rows.flatMap(({ functions }) => functions);
    expect(named.filter((name) => textOf(name) === undefined)).toEqual([]);
  });

  test("names tests that exist", () => {
    expect(rows.flatMap(({ tests }) => tests).filter((name) => !isInSources(name))).toEqual([]);
  });

  test("names mutants that are mistakes in these very functions", () => {
    const elsewhere = rows.flatMap(({ id, functions, mutants: named }) =>
      named.flatMap((name) => {
        const mutant = mutants.find((one) => one.id === name);
        const isHere = functions.some(
          (one) =>
            mutant?.file === `${SOURCES}/${one.split(" › ")[0]}` &&
            textOf(one)?.includes(mutant.find) === true,
        );
        return isHere ? [] : [`${id}: ${name}`];
      }),
    );
    expect(rows.flatMap((row) => row.mutants).length).toBeGreaterThan(50);
    expect(elsewhere).toEqual([]);
  });
});
