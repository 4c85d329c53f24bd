// Snapshots of a run are counted from the nodes' logs, and a long run without them, or whose
// watches were never cut off, proves nothing.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkExercised } from "../src/chaos/checks/run-observations.js";
import { countSnapshots } from "../src/chaos/processes/snapshot-counts.js";
import { temporaryDirectory } from "./support/environment.js";

test("snapshots are counted over all nodes, and what is no line about one isn't", () => {
  const directory = temporaryDirectory();
  const line = (origin: string): string =>
    JSON.stringify({ level: 30, index: 4, bytes: 90, origin, msg: "saved a snapshot" });
  const texts = [
    [line("own"), line("own"), '{"level":30,"origin":"own","msg":"something else"}'],
    [line("leader"), "plain text", line("own"), line("own").slice(0, -9)],
  ];
  const files = texts.map((lines, i) => {
    const file = join(directory, `n${i + 1}.log`);
    writeFileSync(file, lines.join("\n"));
    return file;
  });
  expect(countSnapshots(files)).toEqual({ saved: 3, installed: 1 });
});

test.each([
  [{ saved: 9, installed: 1 }, 1, 60, true],
  [{ saved: 9, installed: 0 }, 1, 60, false],
  [{ saved: 0, installed: 1 }, 1, 60, false],
  [{ saved: 9, installed: 1 }, 0, 60, false],
  [{ saved: 0, installed: 0 }, 0, 9, true],
])("%o, resumed %i times in %i s: %s", (counts, resumptions, seconds, ok) =>
  expect(checkExercised(counts, resumptions, seconds).ok).toBe(ok),
);
