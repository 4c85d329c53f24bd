// The last entries of a log, as they are on its disk, for whoever wants to look at them. What is
// kept are the bytes that the log in memory holds anyway.
import { changeRuns, readEntries } from "@raftkit/core";
import type { Entry, EntryRun, LogStorage } from "@raftkit/core";

export interface LogTail {
  /** At most so many, the last one last. */
  last(count: number): Entry[];
}

/** A run has an entry at least. */
const RUNS_KEPT = 32;

/** @returns the log to be used in place of the given one */
export function tailed(log: LogStorage): { readonly log: LogStorage; readonly tail: LogTail } {
  let runs: EntryRun[] = [];
  return {
    log: {
      async open(identity, onSpace) {
        const opened = await log.open(identity, onSpace);
        runs = opened.entries.slice(-RUNS_KEPT);
        return opened;
      },
      async write(operations) {
        await log.write(operations);
        for (const operation of operations) changeRuns(runs, operation);
        if (runs.length > 2 * RUNS_KEPT) runs = runs.slice(-RUNS_KEPT);
      },
      close: () => log.close(),
    },
    tail: {
      last(count) {
        let entries: Entry[] = [];
        for (let i = runs.length - 1; i >= 0 && entries.length < count; i--) {
          const run = runs[i];
          if (run) entries = [...readEntries(run), ...entries];
        }
        return entries.slice(-count);
      },
    },
  };
}
