// Checks docs/hazards.md: every hazard has its row, and every test that it names exists and passes,
// now. `npm run hazards`
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { filesOf, HAZARDS, pageFaults, readPage, testFaults } from "./hazards-page.mjs";
import "./last-line.mjs";
import { mutants } from "./mutants/list.mjs";
import { capture } from "./processes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const help = `npm run hazards -- [--json FILE]
  --json FILE  the figures, for other programs`;
const [flag, jsonFile] = process.argv.slice(2);
if (flag !== undefined && (flag !== "--json" || jsonFile === undefined)) {
  if (flag === "--help") console.log(help);
  else {
    console.error(
      `${flag === "--json" ? "--json: given no file" : `${flag}: there is no such option`}\n${help}`,
    );
  }
  process.exit(flag === "--help" ? 0 : 2);
}
const rows = readPage(readFileSync(join(root, "docs/hazards.md"), "utf8"));
const faults = pageFaults(rows, new Set(mutants.map(({ id }) => id)));
const files = filesOf(rows);
console.log(`running ${files.length} test files, one or two minutes; the table comes at the end`);
const { results, output } = await runTests(files);
faults.push(...testFaults(rows, results));

for (const { id, tests, mutants: named, later } of rows) {
  const passed = tests.filter((name) => results.get(name) === "passed").length;
  const evidence =
    later ??
    `${passed} of ${tests.length} tests pass${named.length > 0 ? `; mutants ${named.join(", ")}` : ""}`;
  console.log(`${passed === tests.length ? " " : "!"} ${id.padStart(3)}  ${evidence}`);
}
for (const fault of faults) console.log(`\n${fault}`);
if (results.size === 0) console.log(output);
const numbered = rows.filter(({ id }) => !id.startsWith("S"));
const caught = numbered.filter(
  ({ tests }) => tests.length > 0 && tests.every((name) => results.get(name) === "passed"),
).length;
const waiting = numbered.filter(({ later }) => later !== undefined).length;
const figures = {
  hazards: HAZARDS,
  caught,
  later: waiting,
  tests: new Set(rows.flatMap(({ tests }) => tests)).size,
  withMutant: numbered.filter(({ mutants: named }) => named.length > 0).length,
  faults: faults.length,
};
if (jsonFile !== undefined) writeFileSync(jsonFile, JSON.stringify(figures));
console.log(
  `${HAZARDS} hazards: ${caught} caught by tests that pass (${figures.tests} tests; ${figures.withMutant} hazards with a mutant of their own), ${waiting} of parts that come later; ${faults.length} faults`,
);
if (faults.length > 0) {
  console.log(
    `failed: ${results.size === 0 ? "no test ran, see above" : faults[0]}${faults.length > 1 ? `, and ${faults.length - 1} more, see above` : ""}`,
  );
}
process.exitCode = faults.length === 0 ? 0 : 1;

/** @param {readonly string[]} files */
async function runTests(files) {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-hazards-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const report = join(folder, "report.json");
  const { output } = await capture(
    [
      process.execPath,
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--reporter=json",
      `--outputFile=${report}`,
      ...files,
    ],
    { cwd: root, bothStreams: true },
  );
  /** @type {Map<string, string>} */
  const results = new Map();
  try {
    /**
     * @type {{ testResults: { name: string; assertionResults: { ancestorTitles: string[]; title:
     * string; status: string }[] }[] }}
     */
    const { testResults } = JSON.parse(readFileSync(report, "utf8"));
    for (const { name, assertionResults } of testResults) {
      for (const { ancestorTitles, title, status } of assertionResults) {
        const full = [relative(root, name), ...ancestorTitles, title].join(" › ");
        // Of several tests of one name all must pass.
        results.set(
          full,
          results.has(full) && results.get(full) !== "passed"
            ? (results.get(full) ?? status)
            : status,
        );
      }
    }
  } catch {
    // No report: what vitest said is printed instead.
  }
  return { results, output };
}
