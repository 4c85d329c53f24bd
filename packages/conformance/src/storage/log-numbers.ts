// STORAGE-82 to 87: large numbers, of entries, of bytes, and as indexes and terms; and one sync that
// fails once.
import { encodeRun, EntryKind } from "@raftkit/core";
import { createChance } from "../random.js";
import type { Case } from "../suite.js";
import { rejection } from "./check.js";
import {
  append,
  bulk,
  commands,
  compactThrough,
  expectKept,
  openLog,
  resetTo,
  truncateFrom,
  vote,
} from "./log-helpers.js";
import type { LogSubject } from "./medium.js";

const longLogs =
  "Log Matching (Raft §5.3, §7): a log grows until a snapshot is taken, and a follower catches up in large pieces";
const MIB = 1024 * 1024;
/** The first index and term that 32 bits can't hold, and some. */
const ABOVE_32_BITS = 2 ** 32 + 7;

/** So many entries of a few bytes each, in one run. */
function many(firstIndex: number, count: number): ReturnType<typeof append> {
  const data = Array.from({ length: count }, (_, i) => Uint8Array.of(i & 0xff, (i >> 8) & 0xff));
  return append(encodeRun(firstIndex, 1, EntryKind.command, data));
}

export const numberCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-82",
    title: "Indexes and terms above 2^32 come back, of entries and of the base",
    rule: "Log Matching (Raft §5.3, §5.4.1): indexes and terms are compared; one that was cut to 32 bits is another entry's",
    requires: ["STORAGE-14", "STORAGE-33"],
    capabilities: ["persistent"],
    async run(subject) {
      const index = ABOVE_32_BITS;
      const start = [resetTo(index, ABOVE_32_BITS), commands(index + 1, ABOVE_32_BITS, "a", "b")];
      await expectKept(await subject.medium(), [start]);
      await expectKept(
        await subject.medium(),
        [start, [vote(ABOVE_32_BITS + 1, "n1"), truncateFrom(index + 2)]],
        [[commands(index + 2, ABOVE_32_BITS + 1, "B", "c")]],
        [[compactThrough(index + 1, ABOVE_32_BITS)], [truncateFrom(index + 3)]],
      );
    },
  },
  {
    id: "STORAGE-83",
    title: "Thousands of entries come back",
    rule: longLogs,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(
        await subject.medium(),
        Array.from({ length: 10 }, (_, i) => [many(1 + i * 300, 300)]),
      ),
  },
  {
    id: "STORAGE-84",
    title: "A write of thousands of entries works, in one run or in as many",
    rule: longLogs,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        [many(1, 5000)],
        Array.from({ length: 2000 }, (_, i) => commands(5001 + i, 1, "a")),
      ]),
  },
  {
    id: "STORAGE-85",
    title: "A write of 12 MiB works",
    rule: longLogs,
    requires: ["STORAGE-13"],
    capabilities: ["persistent"],
    async run(subject) {
      const chance = createChance(85);
      await expectKept(await subject.medium(), [[bulk(1, 1, chance, 3 * MIB, 3 * MIB, 6 * MIB)]]);
    },
  },
  {
    id: "STORAGE-86",
    title: "Hundreds of thousands of entries come back",
    rule: longLogs,
    requires: ["STORAGE-83", "STORAGE-84"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [[many(1, 200_000)], [many(200_001, 10)]]),
  },
  {
    id: "STORAGE-87",
    title: "A write whose sync failed once is refused, though another try would work",
    rule: "Leader Completeness (Raft §5.4.3): after a failed sync the pages count as clean, and the next sync says nothing about them",
    requires: ["STORAGE-68"],
    capabilities: ["persistent", "failedSync"],
    async run(subject) {
      const medium = await subject.medium();
      // A later opening has less to sync beside the write.
      for (let i = 1; i <= 2; i++) {
        const { log } = await openLog(medium);
        await log.write([commands(i, 1, "a")]);
        await log.close();
      }
      const { log } = await openLog(medium);
      let syncs = 0;
      medium.setFault(({ kind }) =>
        kind === "sync" && ++syncs === 1 ? { type: "error", code: "EIO" } : undefined,
      );
      await rejection(log.write([commands(3, 1, "b")]), "a write whose first sync failed");
    },
  },
];
