// STORAGE-01 to 05: what an opening says of a log before anything was written to it, and of itself.
import { isValidIncarnation } from "@raftkit/core";
import type { OpenedLog } from "@raftkit/core";
import { ensure } from "../expect.js";
import type { Case } from "../suite.js";
import { same } from "./check.js";
import { openLog } from "./log-helpers.js";
import { contentOf, emptyContent } from "./log-model.js";
import type { LogSubject } from "./medium.js";

export const openingCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-01",
    title: "A new log is empty: base 0, term 0, no vote, no entries; its run is a number from 1",
    rule: "Log Matching (Raft Figure 2): servers begin in term 0, without a vote, with an empty log; anything else invents history",
    requires: [],
    capabilities: [],
    async run(subject) {
      const { opened } = await openLog(await subject.medium());
      same(contentOf(opened), emptyContent, "a new log");
      expectHigherRun(opened, 0, "a first opening");
    },
  },
  {
    id: "STORAGE-02",
    title: "The incarnation is 16 to 64 characters of A-Z a-z 0-9 _ -",
    rule: "Election Safety (Raft §5.2): peers tell a wiped server by its incarnation, and refuse messages with one that is none",
    requires: [],
    capabilities: [],
    async run(subject) {
      const { opened } = await openLog(await subject.medium());
      ensure(
        isValidIncarnation(opened.incarnation),
        `the incarnation must be 16 to 64 characters of [A-Za-z0-9_-], it is ${JSON.stringify(opened.incarnation)}`,
      );
    },
  },
  {
    id: "STORAGE-03",
    title: "Each new medium has an incarnation of its own",
    rule: "Election Safety (Raft §5.2): a wiped server that keeps its incarnation can vote twice in one term",
    requires: ["STORAGE-02"],
    capabilities: [],
    async run(subject) {
      const seen = new Set<string>();
      for (let seed = 1; seed <= 8; seed++) {
        seen.add((await openLog(await subject.medium(seed))).opened.incarnation);
      }
      same(seen.size, 8, "different incarnations of 8 media");
    },
  },
  {
    id: "STORAGE-04",
    title: "The run is higher with each opening",
    rule: "Linearizability (Raft §8): forwarding and reads are numbered within a run: an answer to an earlier run that counts as one to this run settles the wrong proposal",
    requires: ["STORAGE-01"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      for (let last = 0, i = 1; i <= 4; i++) {
        const { log, opened } = await openLog(medium);
        last = expectHigherRun(opened, last, `opening ${i}`);
        await log.close();
      }
    },
  },
  {
    id: "STORAGE-05",
    title: "The incarnation stays the same with each opening",
    rule: "Availability (Raft §5.5): configurations name each voter's incarnation; one that changes makes a restarted server a stranger, whose votes and acknowledgements don't count any more",
    requires: ["STORAGE-02"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const incarnations: string[] = [];
      for (let i = 0; i < 3; i++) {
        const { log, opened } = await openLog(medium);
        incarnations.push(opened.incarnation);
        await log.close();
      }
      same(incarnations[1], incarnations[0], "the incarnation of the second opening");
      same(incarnations[2], incarnations[0], "the incarnation of the third opening");
    },
  },
];

/** A run numbers an opening above all before. @returns it */
export function expectHigherRun({ run }: OpenedLog, last: number, what: string): number {
  ensure(
    Number.isSafeInteger(run) && run > last && run < 2 ** 48,
    `the run of ${what} must be an integer above ${last}, and below 2^48, but it is ${run}`,
  );
  return run;
}
