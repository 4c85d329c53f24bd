// How the proof reads its parts' figures: none is invented where a part left nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tableOf } from "../../src/cli/all.js";
import { mutationScore } from "../../src/cli/figures.js";
import { parts } from "../../src/cli/parts.js";

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-proof-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function part(id: string) {
  const found = parts.find((one) => one.id === id);
  if (!found) throw new Error(`no part ${id}`);
  return found;
}

test("a part that left nothing has no figures", () => {
  for (const one of parts) {
    if (one.id !== "mutation") {
      expect(one.figures({ output: " \n", folder: emptyFolder() }), one.id).toBeUndefined();
    }
  }
  expect(mutationScore(join(emptyFolder(), "mutation.json"))).toBeUndefined();
});

test("figures come from the last line, or from what the part wrote", () => {
  const folder = emptyFolder();
  expect(part("rules").figures({ output: "a\n\u001b[32m29 rules hold\u001b[39m\n", folder })).toBe(
    "29 rules hold",
  );
  writeFileSync(join(folder, "tests.json"), JSON.stringify({ passed: 3, failed: 1, skipped: 2 }));
  expect(part("tests").figures({ output: "", folder })).toBe("3 passed, 1 failed, 2 skipped");
  writeFileSync(
    join(folder, "mutants.json"),
    JSON.stringify({
      mutants: 6,
      killed: 4,
      golden: 2,
      survived: 1,
      late: 0,
      onlyGolden: 1,
      slowestSeconds: 12.4,
    }),
  );
  expect(part("mutants").figures({ output: "", folder })).toBe(
    "4 of 6 killed, 2 of them by goldens alone, 1 survived, 0 too late, 1 of a safety rule by goldens alone; the slowest in 12 s",
  );
  writeFileSync(
    join(folder, "conformance.json"),
    JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 4 }),
  );
  expect(part("conformance").figures({ output: "", folder })).toBeUndefined();
});

test("what takes too long for the tests runs in the proof, and the other way round", () => {
  expect(part("long-tests").env).toMatchObject({ RAFTKIT_PROOF_TESTS: "1" });
  expect(part("tests").env).not.toHaveProperty("RAFTKIT_PROOF_TESTS");
});

test("wrong adapters run through whole suites in the proof, unlike in the tests", () => {
  expect(part("conformance").env).toMatchObject({ RAFTKIT_WHOLE_SUITES: "1" });
  expect(part("tests").env).not.toHaveProperty("RAFTKIT_WHOLE_SUITES");
});

test("the simulation's figures are its speeds, its coverage and its verdict", () => {
  const output =
    "200/200 runs\n\ncore simulation: 100 runs, 0.29 virtual hours, 700 virtual seconds per second of one core\noperations: 5 answered\n\ncoverage of the core simulation: all 216 cells\n\n100 runs, no failure\n";
  expect(part("simulate").figures({ output, folder: emptyFolder() })).toBe(
    "core simulation: 100 runs, 0.29 virtual hours, 700 virtual seconds per second of one core; coverage of the core simulation: all 216 cells; 100 runs, no failure",
  );
});

test("chaos is told by its report", () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, "chaos-report"));
  const report = {
    ok: true,
    totals: { done: 9, refused: 3, unknown: 1, wrong: 0 },
    injectedFaults: [
      { kind: "wipe", tookEffect: true },
      { kind: "cut", tookEffect: true },
      { kind: "cut", tookEffect: true },
      { kind: "delay", tookEffect: false },
    ],
    outages: [
      { fromMs: 0, toMs: 1500 },
      { fromMs: 5000, toMs: 7500 },
    ],
    recoveryMs: 650,
    leadershipTerms: 4,
  };
  writeFileSync(join(folder, "chaos-report/report.json"), JSON.stringify(report));
  expect(part("chaos").figures({ output: "", folder })).toBe(
    "linearizable, nothing acknowledged lost; 9 operations answered, 3 refused, 1 unknown; 3 faults of 2 kinds, 4 terms with a leader; longest without a write 2.5 s; served again 650 ms after the last fault",
  );
  writeFileSync(
    join(folder, "chaos-report/report.json"),
    JSON.stringify({ ...report, ok: false, recoveryMs: null }),
  );
  expect(part("chaos").figures({ output: "", folder })).toMatch(/^FAILED; .*; never served again$/);
});

test("the score counts what was noticed of what was valid, and names the files that are worst off", () => {
  const file = join(emptyFolder(), "mutation.json");
  const mutants = (...statuses: string[]) => ({ mutants: statuses.map((status) => ({ status })) });
  writeFileSync(
    file,
    JSON.stringify({
      files: {
        "src/none.ts": mutants("Ignored"),
        "src/b.ts": mutants("Killed", "CompileError", "Ignored"),
        "src/a.ts": mutants("Killed", "Survived", "NoCoverage", "Timeout"),
      },
    }),
  );
  expect(mutationScore(file)).toBe("60.0 % of 5; the lowest: a.ts 50.0 %, b.ts 100.0 %");
});

test("the table says what failed", () => {
  const results = [
    { part: part("rules"), passed: true, figures: "29 | 29", seconds: 12.6 },
    { part: part("chaos"), passed: false, figures: "no figures", seconds: 135 },
  ];
  expect(tableOf(results).split("\n").slice(2)).toEqual([
    "| Raft's rules, one scenario each | 29 / 29 | 13 s |",
    "| real processes under every kind of fault | **FAILED** no figures | 2 min 15 s |",
  ]);
});
