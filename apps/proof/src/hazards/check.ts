// Checks docs/hazards.md: every hazard has its row, and every test that it names exists and passes,
// now.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { mutants } from "../mutants/catalogue/all.js";
import { capture } from "../processes.js";
import type { Row } from "./page.js";
import { filesOf, HAZARDS, pageFaults, readPage, testFaults } from "./page.js";

type Results = ReadonlyMap<string, string>;

/**
 * @param root the repository
 * @param json where the figures go as JSON
 * @returns whether everything that the page says holds
 */
export async function checkHazards(root: string, json: string | undefined): Promise<boolean> {
  const rows = readPage(readFileSync(join(root, "docs/hazards.md"), "utf8"));
  const files = filesOf(rows);
  console.log(`running ${files.length} test files, one or two minutes; the table comes at the end`);
  const { results, output } = await runTests(root, files);
  const faults = [
    ...pageFaults(rows, new Set(mutants.map(({ id }) => id))),
    ...testFaults(rows, results),
  ];
  for (const row of rows) console.log(lineOf(row, results));
  for (const fault of faults) console.log(`\n${fault}`);
  if (results.size === 0) console.log(output);
  const figures = { ...figuresOf(rows, results), faults: faults.length };
  if (json !== undefined) writeFileSync(json, JSON.stringify(figures));
  console.log(
    `${HAZARDS} hazards: ${figures.caught} caught by tests that pass (${figures.tests} tests; ${figures.withMutant} hazards with a mutant of their own), ${figures.later} of parts that come later; ${faults.length} faults`,
  );
  if (faults.length > 0) {
    const more = faults.length > 1 ? `, and ${faults.length - 1} more, see above` : "";
    console.log(`failed: ${results.size === 0 ? "no test ran, see above" : faults[0]}${more}`);
  }
  return faults.length === 0;
}

function lineOf({ id, later, tests, mutants: named }: Row, results: Results): string {
  const passed = tests.filter((name) => results.get(name) === "passed").length;
  const evidence =
    later ??
    `${passed} of ${tests.length} tests pass${named.length > 0 ? `; mutants ${named.join(", ")}` : ""}`;
  return `${passed === tests.length ? " " : "!"} ${id.padStart(3)}  ${evidence}`;
}

function figuresOf(rows: readonly Row[], results: Results) {
  const numbered = rows.filter(({ id }) => /^\d/.test(id));
  const isCaught = ({ tests }: Row): boolean =>
    tests.length > 0 && tests.every((name) => results.get(name) === "passed");
  return {
    hazards: HAZARDS,
    caught: numbered.filter(isCaught).length,
    later: numbered.filter(({ later }) => later !== undefined).length,
    tests: new Set(rows.flatMap(({ tests }) => tests)).size,
    withMutant: numbered.filter(({ mutants: named }) => named.length > 0).length,
  };
}

/** What Vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

async function runTests(
  root: string,
  files: readonly string[],
): Promise<{ readonly results: Results; readonly output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-hazards-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove); // a signal ends the process on the way
  const file = join(folder, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { output } = await capture(
    [process.execPath, vitest, "run", "--reporter=json", `--outputFile=${file}`, ...files],
    { cwd: root },
  );
  let report: Report = { testResults: [] };
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // No report: what vitest said is printed instead.
  }
  remove();
  process.off("exit", remove);
  return { results: resultsOf(report, root), output };
}

function resultsOf({ testResults }: Report, root: string): Results {
  const results = new Map<string, string>();
  for (const { name, assertionResults } of testResults) {
    for (const { ancestorTitles, title, status } of assertionResults) {
      const full = [relative(root, name), ...ancestorTitles, title].join(" › ");
      // Of several tests of one name all must pass.
      const earlier = results.get(full) ?? "passed";
      results.set(full, earlier === "passed" ? status : earlier);
    }
  }
  return results;
}
