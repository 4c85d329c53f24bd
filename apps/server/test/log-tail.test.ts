// The end of a log is shown as it is stored, whatever is done to it.
import { encodeRun, EntryKind } from "@raftkit/core";
import type { EntryRun } from "@raftkit/core";
import { createMemoryLog } from "@raftkit/storage-memory";
import { expect, test } from "vitest";
import { tailed } from "../src/log-tail.js";

const identity = { clusterId: "c", nodeId: "n1", codec: "json" };

function run(firstIndex: number, term: number, count = 1): EntryRun {
  const datas = Array.from({ length: count }, (_, i) => new Uint8Array([firstIndex + i]));
  return encodeRun(firstIndex, term, EntryKind.command, datas);
}

test("appended, cut, compacted and opened again", async () => {
  const { log, tail } = tailed(createMemoryLog());
  const shown = (): string[] => tail.last(4).map(({ index, term }) => `${index}@${term}`);
  await log.open(identity);
  expect(shown()).toEqual([]);
  await log.write([{ type: "append", run: run(1, 1, 3) }]);
  await log.write([{ type: "append", run: run(4, 1, 2) }]);
  expect(shown()).toEqual(["2@1", "3@1", "4@1", "5@1"]);
  await log.write([
    { type: "truncateFrom", index: 4 },
    { type: "append", run: run(4, 2) },
  ]);
  expect(shown()).toEqual(["1@1", "2@1", "3@1", "4@2"]);
  await log.write([{ type: "compactThrough", index: 2, term: 1 }]);
  expect(shown()).toEqual(["3@1", "4@2"]);
  for (let index = 5; index < 200; index++) {
    await log.write([{ type: "append", run: run(index, 3) }]);
  }
  expect(shown()).toEqual(["196@3", "197@3", "198@3", "199@3"]);
  await log.write([{ type: "resetTo", index: 300, term: 4 }]);
  expect(shown()).toEqual([]);
  await log.close();
});

test("a log that holds entries already shows them once it is open", async () => {
  const stored = createMemoryLog();
  const opened = await stored.open(identity);
  const { log, tail } = tailed({
    ...stored,
    open: async () => ({ ...opened, entries: [run(1, 1, 2), run(3, 2)] }),
  });
  await log.open(identity);
  expect(tail.last(2).map(({ index }) => index)).toEqual([2, 3]);
});
