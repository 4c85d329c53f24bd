// Log storages that are right as long as runs end well and numbers are small, and one that tries
// again.
import type { Entry, LogOperation, LogState, LogStorage } from "@raftkit/core";
import { readEntries, RaftkitError } from "@raftkit/core";
import type { LogSubject } from "../../src/storage/medium.js";
import type { Wrong } from "../support/caught.js";
import { wrapped, wrong, without } from "../storage/log-targets.js";
import type { ToyProcess } from "../storage/toy-disk.js";
import type { Replayed } from "../storage/toy-log.js";
import { rightParts } from "../storage/toy-log.js";

const { replay, accept, commit } = rightParts;

export const wrongLargeLogs: readonly Wrong<LogSubject>[] = [
  // ---- runs ----
  without(
    "powerCut",
    wrapped(
      "STORAGE-80",
      "stores its run when it is closed, and makes room for one that was not",
      countingOnClose,
    ),
  ),
  wrong("STORAGE-81", "counts its openings", { runAfter: (last) => last + 1 }),

  // ---- numbers ----
  wrong("STORAGE-82", "keeps the index of the base in 32 bits", {
    replay: changing((state) => ({
      ...state,
      base: { ...state.base, index: state.base.index >>> 0 },
    })),
  }),
  wrong("STORAGE-82", "keeps the term of the base in 32 bits", {
    replay: changing((state) => ({
      ...state,
      base: { ...state.base, term: state.base.term >>> 0 },
    })),
  }),
  wrong("STORAGE-82", "keeps the index of entries in 32 bits", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      replayed.runs.splice(
        0,
        Infinity,
        ...replayed.runs.map((run) => ({ ...run, firstIndex: run.firstIndex >>> 0 })),
      );
      return state;
    },
  }),
  wrong("STORAGE-83", "reads 1,000 entries at most", {
    replay: (replayed, operation, opening) =>
      operation.type === "append" && countOf(replayed) + operation.run.count > 1000
        ? replayed.state
        : replay(replayed, operation, opening),
  }),
  wrong("STORAGE-84", "refuses more than 500 entries in a write", {
    accept: (state, operation) =>
      operation.type === "append" && operation.run.count > 500
        ? tooMuch()
        : accept(state, operation),
  }),
  wrong("STORAGE-84", "refuses more than 500 operations in a write", {
    split: (operations) => (operations.length > 500 ? tooMuch() : [operations]),
  }),
  wrong("STORAGE-85", "refuses more than 4 MiB in a write", {
    split: (operations) => (bytesOf(operations) > 4 * 1024 * 1024 ? tooMuch() : [operations]),
  }),
  wrapped("STORAGE-86", "passes all its entries as arguments of one call", (log) => ({
    async open(identity) {
      const opened = await log.open(identity);
      const entries: Entry[] = [];
      for (const run of opened.entries) entries.push(...readEntries(run));
      return opened;
    },
  })),

  // ---- another try ----
  wrong("STORAGE-87", "commits again when a commit failed", {
    commit: (...all) => commit(...all).catch(() => commit(...all)),
  }),
];

function countingOnClose(log: LogStorage, disk: ToyProcess): Partial<LogStorage> {
  let run = 0;
  return {
    async open(identity) {
      const opened = await log.open(identity);
      const stored = (await disk.read("run"))?.[0] ?? 0;
      run = stored + (((await disk.read("open"))?.[0] ?? 0) > 0 ? 2 : 1);
      await disk.writeThrough("open", 0, Uint8Array.of(1));
      return { ...opened, run };
    },
    async close() {
      if (run > 0) {
        await disk.writeThrough("run", 0, Uint8Array.of(run)).catch(() => undefined);
        await disk.writeThrough("open", 0, Uint8Array.of(0)).catch(() => undefined);
      }
      await log.close();
    },
  };
}

function changing(change: (state: LogState) => LogState): typeof replay {
  return (...all) => change(replay(...all));
}

function countOf({ runs }: Replayed): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}

function bytesOf(operations: readonly LogOperation[]): number {
  return operations.reduce(
    (sum, operation) => sum + (operation.type === "append" ? operation.run.bytes.length : 0),
    0,
  );
}

function tooMuch(): never {
  throw new RaftkitError("TOY_TOO_MUCH", "that is too much for one write");
}
