// STORAGE-48 to 53: writes that can't be right are refused whole, and after the first refusal
// nothing is written any more.
import type { LogOperation } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import type { Case } from "../suite.js";
import { rejection } from "./check.js";
import {
  append,
  commands,
  compactThrough,
  contentAfterAll,
  found,
  sameContent,
  truncateFrom,
  vote,
  written,
} from "./log-helpers.js";
import type { LogSubject } from "./medium.js";

const noHole =
  "Log Matching (Raft §5.3): an index names one entry; a log with a hole or an overlap can't be read back as a log";
const start = [[commands(1, 1, "a", "b", "c", "d")], [compactThrough(2, 1)]];

function refuses(
  id: string,
  title: string,
  rule: string,
  requires: readonly string[],
  operations: readonly LogOperation[],
): Case<LogSubject> {
  return {
    id,
    title,
    rule,
    requires,
    capabilities: [],
    async run(subject) {
      for (const operation of operations) {
        const log = await written(await subject.medium(), start);
        const index =
          operation.type === "append"
            ? operation.run.firstIndex
            : operation.type === "hardState"
              ? 0
              : operation.index;
        await rejection(
          log.write([operation]),
          `${operation.type} at index ${index} of a log that holds 3 and 4`,
        );
      }
    },
  };
}

export const refusalCases: readonly Case<LogSubject>[] = [
  refuses(
    "STORAGE-48",
    "Entries that leave a gap are refused",
    noHole,
    [],
    [commands(6, 1, "f"), commands(100, 2, "x")],
  ),
  refuses(
    "STORAGE-49",
    "Entries that overlap are refused: who replaces, truncates first",
    noHole,
    [],
    [commands(4, 2, "D"), commands(1, 1, "a"), commands(2, 1, "b")],
  ),
  refuses(
    "STORAGE-50",
    "Truncation and compaction beyond what there is are refused",
    "Leader Completeness (Raft §7, §5.4.3): what is behind the base is in a snapshot and committed; it can't be removed, nor can what was never there",
    [],
    [truncateFrom(2), truncateFrom(7), compactThrough(5, 1)],
  ),
  {
    id: "STORAGE-51",
    title: "A run whose bytes are not its entries is refused",
    rule: noHole,
    requires: [],
    capabilities: [],
    async run(subject) {
      const run = encodeRun(1, 1, EntryKind.command, [new Uint8Array([1, 2]), new Uint8Array([3])]);
      for (const wrong of [
        { ...run, count: 3 },
        { ...run, count: 1 },
        { ...run, bytes: run.bytes.subarray(0, -1) },
        { firstIndex: 1, count: 0, bytes: new Uint8Array() },
      ]) {
        const log = await written(await subject.medium(), []);
        await rejection(
          log.write([append(wrong)]),
          `a run of ${wrong.count} entries in ${wrong.bytes.length} bytes`,
        );
      }
    },
  },
  {
    id: "STORAGE-52",
    title: "After a refused write all writes are refused until the log is opened anew",
    rule: "Log Matching (Raft §5.3): what follows a refused write was built on what was not written",
    requires: ["STORAGE-48"],
    capabilities: [],
    async run(subject) {
      const log = await written(await subject.medium(), [[commands(1, 1, "a")]]);
      await rejection(log.write([commands(9, 1, "z")]), "a write with a gap");
      await rejection(log.write([commands(2, 1, "b")]), "a write after a refused one");
      await rejection(log.write([vote(2, "n1")]), "another write after a refused one");
    },
  },
  {
    id: "STORAGE-53",
    title: "Of a refused write nothing is kept, also not the operations that fit",
    rule: "Election Safety (Raft §5.1, §5.2): a term or vote of a write that was refused may not come into force",
    requires: ["STORAGE-10", "STORAGE-48"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const writes = [[vote(1, "n1"), commands(1, 1, "a", "b")]];
      const log = await written(medium, writes);
      await rejection(
        log.write([vote(5, "n2"), truncateFrom(2), commands(2, 2, "B"), commands(9, 2, "z")]),
        "a write with a gap",
      );
      await log.close();
      sameContent(await found(medium), contentAfterAll(writes), "after a refused write");
    },
  },
];
