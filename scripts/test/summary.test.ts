// The reporter in a real Vitest, on projects that go wrong in ways a count of tests would miss.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const reporter = fileURLToPath(new URL("../summary-reporter.mjs", import.meta.url));
const good = 'test("good", () => {});\n';

function runVitest(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-summary-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { RAFTKIT_TEST_SUMMARY: _, ...env } = process.env;
  const { stdout } = spawnSync(
    process.execPath,
    [vitest, "run", "--globals", "--root", folder, "--reporter", reporter],
    { encoding: "utf8", env },
  );
  rmSync(folder, { recursive: true });
  return stdout.trimEnd();
}

test("the summary counts what a count of tests would miss, and names what was skipped and what failed", () => {
  const output = runVitest({
    "passes.test.js": `${good}test.skip("later", () => {});\ntest("elsewhere", ({ skip }) => skip("no disk"));\n`,
    "fails.test.js": 'test("bad", () => { throw new Error("no"); });\n',
    "does-not-load.test.js": 'import "./missing.js";\n',
    "hook-fails.test.js":
      'describe("s", () => { beforeAll(() => { throw new Error("no"); }); test("never", () => {}); });\n',
    "rejects-unheard.test.js":
      'test("leaks", async () => { void Promise.reject(new Error("no")); await new Promise((resolve) => setImmediate(resolve)); });\n',
  });
  expect(output).toContain("skipped, no disk:\n  elsewhere\n");
  expect(output).toMatch(/skipped, without a reason:\n(?: {2}.+\n)* {2}later\n/);
  const failures = output.split("\n").filter((line) => line.startsWith("failed: "));
  expect(failures).toHaveLength(4);
  expect(failures).toContain("failed: fails.test.js > bad: no");
  expect(failures).toContain("failed: hook-fails.test.js > s: no");
  expect(failures).toContain("failed: outside of a test: no");
  expect(failures.join("\n")).toMatch(/^failed: does-not-load\.test\.js: .*missing\.js/m);
  // Nothing comes between the failures and the counts.
  expect(output.split("\n").slice(-6, -2)).toEqual(failures);
  expect(output).toMatch(/\n3 skipped\n2 passed, 4 failed$/);
});

test("the summary calls a run without a passed test a failure", () => {
  expect(runVitest({ "a.test.js": 'test.skip("later", () => {});\n' })).toMatch(
    /0 passed, 1 failed$/,
  );
});
