// STORAGE-21 to 36: truncation, compaction and reset remove what they say, no more, no less, and
// for good.
import type { LogOperation } from "@raftkit/core";
import { createChance } from "../random.js";
import type { Chance } from "../random.js";
import type { Case } from "../suite.js";
import { same } from "./check.js";
import {
  bulk,
  commands,
  compactThrough,
  expectKept,
  found,
  resetTo,
  truncateFrom,
  vote,
  written,
} from "./log-helpers.js";
import type { Write } from "./log-helpers.js";
import { contentAfter, emptyContent } from "./log-model.js";
import type { LogContent } from "./log-model.js";
import type { LogSubject } from "./medium.js";

const conflict =
  "Log Matching (Raft §5.3): a follower removes a conflicting entry and all that follow it, and keeps all before";
const compaction =
  "Log Matching (Raft §7): the entries up to the snapshot's last index may go, not one more; its index and term stay for the consistency check";
const install = "Log Matching (Raft §7, Figure 13, rule 7): the log goes on after the snapshot";

/** A case that says all in what it writes, one list for each opening. */
function kept(
  id: string,
  title: string,
  rule: string,
  requires: readonly string[],
  ...openings: (readonly Write[])[]
): Case<LogSubject> {
  return {
    id,
    title,
    rule,
    requires,
    capabilities: ["persistent"],
    run: async (subject) => expectKept(await subject.medium(), ...openings),
  };
}

const abcd = commands(1, 1, "a", "b", "c", "d");

export const removalCases: readonly Case<LogSubject>[] = [
  kept(
    "STORAGE-21",
    "Truncation removes the entry at its index and all after it",
    conflict,
    ["STORAGE-10"],
    [[commands(1, 1, "a")], [commands(2, 1, "b")], [commands(3, 1, "c")], [truncateFrom(2)]],
  ),
  kept(
    "STORAGE-22",
    "Truncation inside a run keeps the run's beginning",
    conflict,
    ["STORAGE-10"],
    [[abcd], [commands(5, 1, "e", "f")], [truncateFrom(6)]],
    [[truncateFrom(3)]],
  ),
  kept(
    "STORAGE-23",
    "All entries can be truncated, and the log begins again at its base",
    conflict,
    ["STORAGE-21"],
    [[abcd], [truncateFrom(1)]],
    [[commands(1, 2, "A")]],
  ),
  kept(
    "STORAGE-24",
    "Another entry takes the place of a truncated one",
    conflict,
    ["STORAGE-21"],
    [[abcd], [truncateFrom(3)], [commands(3, 2, "C")]],
    [
      [truncateFrom(3), commands(3, 3, "cc", "dd")],
      [truncateFrom(3), commands(3, 4, "CC")],
    ],
  ),
  kept(
    "STORAGE-25",
    "Truncated entries never come back, also when fewer follow in their place",
    "Log Matching (Raft §5.3): what a leader removed was replaced elsewhere; an old tail behind new entries is a fork",
    ["STORAGE-21", "STORAGE-24"],
    [[commands(1, 1, "a")], [commands(2, 1, "b")], [commands(3, 1, "c")], [commands(4, 1, "d")]],
    [[truncateFrom(2)]],
    [[commands(2, 2, "B")]],
    [[commands(3, 2, "C")]],
  ),
  {
    id: "STORAGE-26",
    title: "Compaction removes the entries up to its index, and not one more",
    rule: compaction,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await (
        await written(medium, [
          [commands(1, 1, "a")],
          [commands(2, 1, "b")],
          [commands(3, 2, "c")],
          [compactThrough(2, 1)],
        ])
      ).close();
      same(
        (await found(medium)).entries,
        ["3 term 2 kind 0 'c'"],
        "the entries after compaction through 2",
      );
    },
  },
  {
    id: "STORAGE-27",
    title: "After compaction the base has its index and its term",
    rule: compaction,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await (
        await written(medium, [
          [commands(1, 3, "a"), commands(2, 5, "b"), commands(3, 8, "c")],
          [compactThrough(1, 3)],
          [compactThrough(2, 5)],
        ])
      ).close();
      same(
        (await found(medium)).base,
        { index: 2, term: 5 },
        "the base after compaction through 2",
      );
    },
  },
  kept(
    "STORAGE-28",
    "Compaction inside a run keeps the run's end",
    compaction,
    ["STORAGE-26", "STORAGE-27"],
    [[abcd], [commands(5, 2, "e", "f")], [compactThrough(2, 1)]],
    [[compactThrough(5, 2)]],
  ),
  kept(
    "STORAGE-29",
    "All entries can be compacted, and the log goes on behind them",
    compaction,
    ["STORAGE-26", "STORAGE-27"],
    [[abcd], [compactThrough(4, 1)]],
    [[commands(5, 2, "e")], [compactThrough(5, 2)], [commands(6, 3, "f")]],
  ),
  kept(
    "STORAGE-30",
    "After compaction truncation still reaches down to the base",
    conflict,
    ["STORAGE-21", "STORAGE-28"],
    [[abcd], [compactThrough(2, 1)], [truncateFrom(3)]],
    [[commands(3, 2, "C")]],
  ),
  {
    id: "STORAGE-31",
    title: "A reset removes all entries, also those behind its index",
    rule: install,
    requires: ["STORAGE-10"],
    capabilities: ["persistent"],
    async run(subject) {
      for (const index of [2, 4, 9]) {
        const medium = await subject.medium();
        await (
          await written(medium, [
            [commands(1, 1, "a", "b")],
            [commands(3, 1, "c", "d")],
            [resetTo(index, 3)],
          ])
        ).close();
        same(
          (await found(medium)).entries,
          [],
          `the entries after a reset to ${index} of a log of 4`,
        );
      }
    },
  },
  {
    id: "STORAGE-32",
    title: "After a reset the base has its index and its term",
    rule: install,
    requires: [],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await (await written(medium, [[resetTo(9, 4)]])).close();
      same((await found(medium)).base, { index: 9, term: 4 }, "the base after a reset");
    },
  },
  kept(
    "STORAGE-33",
    "The log goes on behind a reset",
    install,
    ["STORAGE-31", "STORAGE-32"],
    [[abcd], [resetTo(9, 4), commands(10, 5, "j")]],
    [[commands(11, 5, "k")], [compactThrough(10, 5)]],
  ),
  kept(
    "STORAGE-34",
    "Term and vote outlive truncation, compaction and reset",
    "Election Safety (Raft §5.2): removing entries gives no vote back",
    ["STORAGE-09", "STORAGE-21", "STORAGE-28", "STORAGE-33"],
    [[vote(4, "n3"), abcd], [truncateFrom(4)]],
    [[compactThrough(1, 1)]],
    [[resetTo(7, 4)]],
  ),
  {
    id: "STORAGE-35",
    title: "The operations of one write are carried out in their order",
    rule: "Log Matching (Raft §5.3): a follower removes what conflicts and appends in one step",
    requires: ["STORAGE-09", "STORAGE-24", "STORAGE-28"],
    capabilities: ["persistent"],
    run: async (subject) =>
      expectKept(await subject.medium(), [
        [commands(1, 1, "a", "b", "c")],
        [
          vote(2, "n2"),
          truncateFrom(3),
          commands(3, 2, "C", "D"),
          truncateFrom(4),
          commands(4, 3, "d"),
          compactThrough(1, 1),
          vote(3, null),
          commands(5, 3, "e"),
        ],
      ]),
  },
  {
    id: "STORAGE-36",
    title: "Any history of writes and openings gives what the words of the port give",
    rule: "Log Matching (Raft §5.3): over all operations and their order",
    requires: ["STORAGE-20", "STORAGE-25", "STORAGE-30", "STORAGE-34", "STORAGE-35"],
    capabilities: ["persistent"],
    async run(subject) {
      for (let seed = 1; seed <= 12; seed++) {
        await expectKept(await subject.medium(seed), ...randomHistory(seed, 3, 12));
      }
    },
  },
];

/** Writes of one to three operations that fit the log, by chance. */
export function randomHistory(seed: number, openings: number, writes: number): Write[][] {
  const chance = createChance(seed);
  let content = emptyContent;
  return Array.from({ length: openings }, () =>
    Array.from({ length: writes }, () => {
      const operations: LogOperation[] = [];
      for (let i = chance.below(3); i >= 0; i--) {
        const operation = randomOperation(content, chance);
        content = contentAfter(content, [operation]);
        operations.push(operation);
      }
      return operations;
    }),
  );
}

/** Terms never fall, as in every log of Raft. */
function randomOperation({ base, entries, hardState }: LogContent, chance: Chance): LogOperation {
  const last = base.index + entries.length;
  const termAt = (index: number): number =>
    index === base.index
      ? base.term
      : Number(/ term (\d+) /.exec(entries[index - base.index - 1] ?? "")?.[1]);
  const choice = chance.next();
  if (choice < 0.15) {
    return vote(
      hardState.currentTerm + chance.below(3),
      chance.next() < 0.4 ? null : `n${chance.below(4)}`,
    );
  }
  if (choice < 0.3 && entries.length > 0) {
    return truncateFrom(base.index + 1 + chance.below(entries.length));
  }
  if (choice < 0.45 && entries.length > 0) {
    const index = base.index + 1 + chance.below(entries.length);
    return compactThrough(index, termAt(index));
  }
  if (choice < 0.5) return resetTo(last + 1 + chance.below(6), termAt(last) + 1);
  return bulk(
    last + 1,
    Math.max(1, termAt(last) + chance.below(2)),
    chance,
    ...Array.from({ length: 1 + chance.below(4) }, () =>
      chance.next() < 0.1 ? chance.below(9001) : chance.below(501),
    ),
  );
}
