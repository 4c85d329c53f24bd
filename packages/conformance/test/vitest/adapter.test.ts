// What a Vitest run shows of a suite: failures fail with their reason, blocked and skipped cases
// show as skipped with theirs.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Two processes start, on a machine that may be busy. */
const BOUND_MS = 90_000;

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const source = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../src/${file}`, import.meta.url)));
const suiteFile = `
import { describeSuite } from ${source("vitest.ts")};
const one = (id, requires, capabilities, run) => ({ id, title: "of " + id, rule: "the rule of " + id, requires, capabilities, run });
const suite = [
  one("A-01", [], [], async () => {}),
  one("A-02", [], [], async (subject) => { throw new Error("wrong " + subject); }),
  one("A-03", ["A-02"], [], async () => {}),
  one("A-04", [], ["fly"], async () => {}),
  one("A-05", [], [], () => new Promise(() => {})),
];
describeSuite("a suite", suite, { name: "a target", capabilities: [], create: () => "subject" }, { timeoutMs: 50 });
`;

/** Runs Vitest in a process of its own, with the workspace's conditions. */
async function vitestRun(
  ...args: readonly string[]
): Promise<{ readonly report: Report; readonly printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  try {
    await writeFile(join(folder, "suite.check.ts"), suiteFile);
    const conditions = `["@raftkit/source", "module", "node", "development|production"]`;
    await writeFile(
      join(folder, "vitest.config.mjs"),
      `export default { resolve: { conditions: ${conditions} }, ssr: { resolve: { conditions: ${conditions} } }, test: { include: ["*.check.ts"] } };`,
    );
    const program = join(
      dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
      "vitest.mjs",
    );
    const command = [
      program,
      "run",
      "--root",
      folder,
      "--reporter=json",
      `--outputFile=${join(folder, "report.json")}`,
      "--reporter=verbose",
      ...args,
    ];
    const printed = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        command,
        { cwd: folder, timeout: BOUND_MS, env: { ...process.env, NO_COLOR: "1" } },
        (_error, out, err) => resolve(out + err),
      );
    });
    return {
      report: createRequire(import.meta.url)(join(folder, "report.json")) as Report,
      printed,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test(
  "each case is a test; only what failed fails; reasons are shown",
  async () => {
    const { report, printed } = await vitestRun();
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(tests.map(({ title, status }) => [title, status])).toEqual([
      ["A-01 of A-01", "passed"],
      ["A-02 of A-02", "failed"],
      ["A-03 of A-03", "skipped"],
      ["A-04 of A-04", "skipped"],
      ["A-05 of A-05", "failed"],
    ]);
    expect(tests[1]?.failureMessages.join()).toMatch(
      /A-02: wrong subject\nIt protects: the rule of A-02/,
    );
    expect(tests[4]?.failureMessages.join()).toMatch(/did not end within 50 ms/);
    expect(printed).toMatch(/A-03.*blocked by A-02/);
    expect(printed).toMatch(/A-04.*a target doesn't declare "fly"/);
  },
  BOUND_MS,
);

test(
  "a case that runs alone is still blocked by what it builds on",
  async () => {
    const { report, printed } = await vitestRun("-t", "A-03");
    expect(report).toMatchObject({ numPassedTests: 0, numFailedTests: 0 });
    expect(printed).toMatch(/A-03.*blocked by A-02/);
  },
  BOUND_MS,
);
