// The reader of docs/hazards.md, and the page as far as it can be judged without running the tests
// that it names.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { filesOf, HAZARDS, pageFaults, readPage, testFaults } from "../src/hazards/page.js";
import { mutants } from "../src/mutants/catalogue/all.js";
import { isInSources } from "./support/named-tests.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const header = "| # | hazard | what notices it | mutants |\n|---|---|---|---|\n";
const complete = Array.from(
  { length: HAZARDS },
  (_, i) => `| ${i + 1} | h | later: membership | |\n`,
).join("");
const mutantIds = new Set(["core-01", "core-02"]);

describe("reading the page", () => {
  test("finds rows, their tests and mutants, and what comes later", () => {
    const page = `# x\n\n${header}| 1 | a hazard | \`a/b.test.ts › c › d, e\`<br>\`f.test.ts › g\` | core-01, core-02 |\n| 2 | another | later: membership | |\n| S1 | x | not stopped: why | |\n| W1 | a schedule | \`f.test.ts › g\` | core-01 |\nnot | a | row\n`;
    expect(readPage(page)).toEqual([
      {
        id: "1",
        hazard: "a hazard",
        tests: ["a/b.test.ts › c › d, e", "f.test.ts › g"],
        mutants: ["core-01", "core-02"],
        later: undefined,
      },
      { id: "2", hazard: "another", tests: [], mutants: [], later: "later: membership" },
      { id: "S1", hazard: "x", tests: [], mutants: [], later: "not stopped: why" },
      {
        id: "W1",
        hazard: "a schedule",
        tests: ["f.test.ts › g"],
        mutants: ["core-01"],
        later: undefined,
      },
    ]);
  });

  test("finds a complete page complete", () => {
    expect(pageFaults(readPage(header + complete), mutantIds)).toEqual([]);
  });

  test.each([
    [
      "a row that is missing",
      complete.replace("| 7 | h", "| 700 | h"),
      ["hazard 7 has no row", "there is no hazard 700"],
    ],
    ["two rows of one number", `${complete}| 7 | h | later: x | |\n`, ["hazard 7 has two rows"]],
    [
      "a row without evidence",
      complete.replace("| 7 | h | later: membership", "| 7 | h | soon"),
      ["hazard 7 names neither a test nor what it waits for"],
    ],
    [
      "a row with an empty promise",
      complete.replace("| 7 | h | later: membership", "| 7 | h | later: "),
      ["hazard 7 names neither a test nor what it waits for"],
    ],
    [
      "an unknown mutant",
      complete.replace(
        "| 7 | h | later: membership | |",
        "| 7 | h | later: x | core-01, core-99 |",
      ),
      ["hazard 7 names the mutant core-99, which doesn't exist"],
    ],
  ])("finds %s", (_, rows, faults) => {
    expect(pageFaults(readPage(header + rows), mutantIds)).toEqual(faults);
  });

  test("a test that is missing, skipped or failing is a fault; of files each is named once", () => {
    const rows = readPage(
      `${header}| 1 | h | \`a.test.ts › b\`<br>\`a.test.ts › c\`<br>\`d.test.ts › e\`<br>\`d.test.ts › f\` | |\n`,
    );
    const results = new Map([
      ["a.test.ts › b", "passed"],
      ["a.test.ts › c", "failed"],
      ["d.test.ts › e", "skipped"],
    ]);
    expect(testFaults(rows, results)).toEqual([
      "hazard 1: failed: a.test.ts › c",
      "hazard 1: skipped: d.test.ts › e",
      "hazard 1: there is no test: d.test.ts › f",
    ]);
    expect(filesOf(rows)).toEqual(["a.test.ts", "d.test.ts"]);
  });
});

describe("docs/hazards.md", () => {
  const rows = readPage(readFileSync(join(root, "docs/hazards.md"), "utf8"));

  test("has a row for each hazard, with evidence or the part that it waits for, and mutants that exist", () => {
    expect(pageFaults(rows, new Set(mutants.map(({ id }) => id)))).toEqual([]);
  });

  test("names tests that exist, in files that exist", () => {
    const names = rows.flatMap(({ tests }) => tests);
    expect(names.length).toBeGreaterThan(200);
    expect(names.filter((name) => !isInSources(name))).toEqual([]);
  });
});
