// STORAGE-06 to 20: what was written is there after reopening, exactly, and is nobody else's.
import type { EntryRun, HardState, LogOperation } from "@raftkit/core";
import { encodeRun, EntryKind, TERM_MAX } from "@raftkit/core";
import { createChance } from "../random.js";
import type { Case } from "../suite.js";
import { same } from "./check.js";
import {
  append,
  bulk,
  commands,
  compactThrough,
  contentAfterAll,
  expectKept,
  found,
  memberNamed,
  openLog,
  sameContent,
  truncateFrom,
  vote,
  written,
} from "./log-helpers.js";
import type { Write } from "./log-helpers.js";
import { contentOf } from "./log-model.js";
import type { LogSubject } from "./medium.js";

const entriesKept =
  "Log Matching and Leader Completeness (Raft §5.3, §5.4.3): a committed entry is in the log of every later leader, bit by bit";
const votesKept =
  "Election Safety (Raft §5.2, Figure 2): a server votes once in a term, so term and vote must outlive it";

export const keepingCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-06",
    title: "An entry is there after reopening",
    rule: entriesKept,
    requires: [],
    capabilities: ["persistent"],
    run: async (subject) => expectKept(await subject.medium(), [[commands(1, 1, "a")]]),
  },
  {
    id: "STORAGE-07",
    title: "Term and vote are there after reopening",
    rule: votesKept,
    requires: [],
    capabilities: ["persistent"],
    run: async (subject) => expectKept(await subject.medium(), [[vote(3, "n2")]]),
  },
  {
    id: "STORAGE-08",
    title: "A new term without a vote replaces an old vote",
    rule: "Election Safety (Raft §5.2): a vote is for one term; an old one in a new term keeps the server from voting, or elects twice",
    requires: ["STORAGE-07"],
    capabilities: ["persistent"],
    run: async (subject) => expectKept(await subject.medium(), [[vote(3, "n2")], [vote(4, null)]]),
  },
  {
    id: "STORAGE-09",
    title: "The last of several hard states counts, and entries don't touch it",
    rule: "Election Safety (Raft §5.1, Figure 2): currentTerm only increases; where it goes back, a server votes again",
    requires: ["STORAGE-06", "STORAGE-07"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        [vote(1, "n1")],
        [vote(2, "n3")],
        [commands(1, 1, "a")],
        [vote(2, "n2"), vote(7, "n1")],
        [commands(2, 2, "b")],
      ]),
  },
  {
    id: "STORAGE-10",
    title: "Runs of several entries and several terms come back whole and in order",
    rule: entriesKept,
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(
        await subject.medium(),
        [[commands(1, 1, "a", "b", "c")], [severalTerms(4), commands(7, 5, "g")]],
        [[commands(8, 6, "h", "i")]],
      ),
  },
  {
    id: "STORAGE-11",
    title: "Entries keep their kind",
    rule: "Election Safety (Raft §6): a configuration entry that comes back as a command is not obeyed, and is applied",
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        Object.values(EntryKind).map((kind, i) =>
          append(encodeRun(i + 1, 1, kind, [new Uint8Array([kind])])),
        ),
      ]),
  },
  {
    id: "STORAGE-12",
    title: "Entries without data are entries",
    rule: "Log Matching (Raft §5.3, §8): a leader begins with a no-op; losing it moves all later entries",
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        [commands(1, 1, "")],
        [append(encodeRun(2, 1, EntryKind.noop, [new Uint8Array()]))],
        [commands(3, 1, "", "c", "")],
      ]),
  },
  {
    id: "STORAGE-13",
    title: "Entries of any bytes and from 1 byte to 3 MiB come back",
    rule: entriesKept,
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    async run(subject) {
      const allBytes = encodeRun(1, 1, EntryKind.command, [
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
      ]);
      const chance = createChance(13);
      await expectKept(await subject.medium(), [
        [append(allBytes)],
        [bulk(2, 1, chance, 1, 511, 512, 513, 4095, 4096, 4097)],
        [bulk(9, 1, chance, 3 * 1024 * 1024)],
        [bulk(10, 1, chance, 65_536, 7)],
      ]);
    },
  },
  {
    id: "STORAGE-14",
    title: "Terms up to 2^48 − 1 come back, of entries and of the hard state",
    rule: "Leader Completeness (Raft §5.4.1): terms are compared; one that was cut to 32 bits makes a new log look stale",
    requires: ["STORAGE-06", "STORAGE-07"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        [vote(2 ** 31, "n1"), commands(1, 2 ** 31 - 1, "a")],
        [commands(2, 2 ** 32 + 1, "b"), commands(3, TERM_MAX, "c"), vote(TERM_MAX, "n1")],
      ]),
  },
  {
    id: "STORAGE-15",
    title:
      "A vote for any member comes back, its id and its incarnation: 1 to 64 and 16 to 64 characters of A-Z a-z 0-9 _ -",
    rule: votesKept,
    requires: ["STORAGE-07"],
    capabilities: ["persistent"],
    async run(subject) {
      for (const id of [
        "a",
        "null",
        "0",
        "-",
        "__proto__",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
      ]) {
        await expectKept(await subject.medium(), [[vote(1, id)]]);
      }
      for (const incarnation of ["0123456789abcdef", "-_".repeat(32)]) {
        const votedFor = { id: "n1", incarnation };
        const write: LogOperation = { type: "hardState", hardState: { currentTerm: 1, votedFor } };
        await expectKept(await subject.medium(), [[write]]);
      }
    },
  },
  {
    id: "STORAGE-16",
    title: "A run whose bytes are part of a larger buffer is stored without what lies around it",
    rule: entriesKept,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        [append(inside(encodeRun(1, 1, EntryKind.command, [new Uint8Array([1, 2, 3])])))],
        [commands(2, 1, "b")],
      ]),
  },
  {
    id: "STORAGE-17",
    title: "A write without operations resolves and changes nothing",
    rule: "Availability (Raft §5.5): a write may have nothing to do; a storage that rejects it stops its server",
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(
        await subject.medium(),
        [[], [vote(1, "n1"), commands(1, 1, "a")], []],
        [[], [commands(2, 1, "b")]],
      ),
  },
  {
    id: "STORAGE-18",
    title:
      "What the caller passed is its own again once the write has resolved (but for the bytes of a run, which never change)",
    rule: "Log Matching (Raft §5.3): a log that changes with its caller's variables holds what nobody wrote",
    requires: ["STORAGE-06", "STORAGE-07"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { log } = await openLog(medium);
      const hardState: { -readonly [Key in keyof HardState]: HardState[Key] } = {
        currentTerm: 3,
        votedFor: memberNamed("n2"),
      };
      const operations: LogOperation[] = [{ type: "hardState", hardState }, commands(1, 1, "a")];
      const expected = contentAfterAll([[vote(3, "n2"), commands(1, 1, "a")]]);
      await log.write(operations);
      hardState.currentTerm = 9;
      hardState.votedFor = memberNamed("n3");
      operations.splice(0, 2, commands(1, 1, "wrong"));
      await log.close();
      sameContent(await found(medium), expected, "after the caller reused its objects");
    },
  },
  {
    id: "STORAGE-19",
    title: "What an opening returned stays as it is, whatever the log does afterwards",
    rule: "Log Matching (Raft §5.3): core keeps these entries in memory and sends them to followers",
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await (
        await written(medium, [
          [vote(1, "n1"), commands(1, 1, "aaaaaaaa", "b")],
          [commands(3, 1, "cccccccc")],
        ])
      ).close();
      const { log, opened } = await openLog(medium);
      const expected = contentOf(opened);
      const unchanged = (when: string): void =>
        same(contentOf(opened), expected, `what the opening returned, ${when}`);
      await log.write([vote(2, "n2"), commands(4, 2, "dddddddd", "eeeeeeee", "ffffffff")]);
      unchanged("after a write");
      await log.write([truncateFrom(3), commands(3, 2, "CCCCCCCC"), compactThrough(2, 1)]);
      unchanged("after truncation and compaction");
      await log.close();
      unchanged("after closing");
      await found(medium);
      unchanged("after another opening");
    },
  },
  {
    id: "STORAGE-20",
    title: "Hundreds of writes come back, over several openings",
    rule: entriesKept,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    async run(subject) {
      const chance = createChance(21);
      const openings: Write[][] = [];
      for (let index = 1; index <= 300;) {
        const writes: Write[] = [];
        for (let i = 0; i < 100; i++, index++) {
          writes.push(
            index % 50 === 0
              ? [vote(index, "n1"), bulk(index, index, chance, 300)]
              : [bulk(index, index, chance, chance.below(600))],
          );
        }
        openings.push(writes);
      }
      await expectKept(await subject.medium(), ...openings);
    },
  },
];

/** Three entries of three terms in one run. */
function severalTerms(firstIndex: number): LogOperation {
  const parts = [
    encodeRun(0, 1, EntryKind.command, [new Uint8Array([1])]),
    encodeRun(0, 3, EntryKind.command, [new Uint8Array([9])]),
    encodeRun(0, 4, EntryKind.command, [new Uint8Array([2, 3])]),
  ];
  return append({
    firstIndex,
    count: parts.length,
    bytes: Uint8Array.from(parts.flatMap(({ bytes }) => [...bytes])),
  });
}

/** The same run in the middle of a larger buffer. */
function inside(run: EntryRun): EntryRun {
  const buffer = createChance(16).bytes(run.bytes.length + 200);
  buffer.set(run.bytes, 100);
  return { ...run, bytes: buffer.subarray(100, 100 + run.bytes.length) };
}
