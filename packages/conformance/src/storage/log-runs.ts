// STORAGE-80 and 81: the number of a run never comes twice, however the openings before came to
// their end, and whatever was done to the data in between.
import { ensure } from "../expect.js";
import type { Case } from "../suite.js";
import { commands, openLog } from "./log-helpers.js";
import { expectHigherRun } from "./log-opening.js";
import type { LogSubject } from "./medium.js";

const oneRun =
  "Linearizability (Raft §8): forwarding and reads are numbered within a run: an answer to an earlier run that counts as one to this run settles the wrong proposal";
/** How long a clock is waited for that is ahead of this one by as much as a few openings. */
const CLOCK_WAIT_MS = 1000;

export const runCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-80",
    title: "Openings that are killed one after another have a run of their own each",
    rule: oneRun,
    requires: ["STORAGE-04"],
    capabilities: ["persistent", "kill"],
    async run(subject) {
      const medium = await subject.medium();
      for (let last = 0, i = 1; i <= 5; i++) {
        const { opened } = await openLog(medium);
        last = expectHigherRun(opened, last, `opening ${i}, after those that kills ended,`);
        medium.kill();
      }
    },
  },
  {
    id: "STORAGE-81",
    title: "When an old copy of the data is put back, no run of before comes again",
    rule: `${oneRun}; whoever puts a backup back must not meet that`,
    requires: ["STORAGE-04"],
    capabilities: ["persistent", "damage"],
    async run(subject) {
      const medium = await subject.medium();
      const runs = new Set<number>();
      const open = async (entry?: number): Promise<number> => {
        const { log, opened } = await openLog(medium);
        runs.add(opened.run);
        if (entry !== undefined) await log.write([commands(entry, 1, "a")]);
        await log.close();
        return opened.run;
      };
      await open(1);
      const copy = await medium.files();
      let last = await open(2);
      last = await open(3);
      await clockPast(last);
      await medium.replaceFiles(copy);
      const known = [...runs];
      const run = await open();
      ensure(
        !known.includes(run),
        `the data was put back to what it was after the first opening; the runs since were ${known.join(", ")}, but the next one is ${run} again; number it by the wall clock where that is more than the last run plus 1`,
      );
    },
  },
];

/** Waits until a run that the wall clock numbers is above this one. */
async function clockPast(run: number): Promise<void> {
  const end = Date.now() + CLOCK_WAIT_MS;
  while (Date.now() <= run && Date.now() < end) await new Promise(setImmediate);
}
