// What an implementation says reaches the reader's terminal only as text.
import { RaftkitError } from "@raftkit/core";
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { logStorageSuite } from "../../src/storage/log-suite.js";
import { rightLog, toyLogTarget } from "./log-targets.js";

test("unprintable characters of an error are spelt out in what a failed case says", async () => {
  const escape = String.fromCharCode(27);
  const target = toyLogTarget(
    "rude",
    (disk, seed) => ({
      ...rightLog(disk, seed),
      open: () =>
        Promise.reject(new RaftkitError("RUDE", `${escape}[2J${String.fromCharCode(0x202e)}gone`)),
    }),
    ["persistent"],
  );
  const suite = logStorageSuite.filter(({ id }) => id === "STORAGE-06");
  const report = formatReport(await runSuite(suite, target));
  expect(report).toContain("\\u{1b}[2J\\u{202e}gone");
  expect(report).not.toMatch(/[^\P{C}\n]/u);
});

test("what could not be tried is said loudly: without powerCut nobody knows whether anything is synced", async () => {
  const target = toyLogTarget(
    "never synced",
    (disk, seed) => rightLog({ ...disk, sync: () => Promise.resolve() }, seed),
    ["persistent", "exclusive"],
  );
  const ids = ["STORAGE-06", "STORAGE-41", "STORAGE-54", "STORAGE-65"];
  const suite = logStorageSuite
    .filter(({ id }) => ids.includes(id))
    .map((one) => ({ ...one, requires: [] }));
  expect(
    formatReport(await runSuite(suite, target))
      .split("\n")
      .slice(-3),
  ).toEqual([
    expect.stringMatching(
      /^NOT TRIED, and so not proven, without "powerCut": 1 case, such as STORAGE-54, Entries survive a power cut/,
    ),
    expect.stringMatching(
      /^NOT TRIED, and so not proven, without "kill": 1 case, such as STORAGE-65, /,
    ),
    "2 passed, 0 failed, 0 blocked, 2 skipped",
  ]);
});
