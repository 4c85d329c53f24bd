// Log storages that are wrong, each in one way that somebody could believe in, and the case that
// must say so: those that go wrong while nothing fails. They are right in everything else.
import type { LogOperation } from "@raftkit/core";
import {
  compactRuns,
  emptyLogState,
  ENTRY_HEADER_BYTES,
  InvariantViolation,
  nextLogState,
  RaftkitError,
} from "@raftkit/core";
import { joined } from "../../src/bytes.js";
import type { LogSubject } from "../../src/storage/medium.js";
import type { Wrong } from "../support/caught.js";
import { hasCode } from "../support/codes.js";
import { onDisk, wrapped, wrong } from "../storage/log-targets.js";
import { rightParts } from "../storage/toy-log.js";
import {
  forgettingResets,
  inWholeRuns,
  onError,
  remembering,
  withoutKinds,
  withOneTerm,
} from "./log-mistakes.js";

const { replay, accept, checkIdentity } = rightParts;

export const wrongLogs: readonly Wrong<LogSubject>[] = [
  // ---- opening ----
  wrapped("STORAGE-01", "counts runs from 0", (log) => ({
    open: async (identity) => ({ ...(await log.open(identity)), run: 0 }),
  })),
  wrapped("STORAGE-02", "draws a short incarnation", (log) => ({
    open: async (identity) => ({ ...(await log.open(identity)), incarnation: "abc123" }),
  })),
  wrapped("STORAGE-03", "takes the node's id for the incarnation", (log) => ({
    open: async (identity) => ({
      ...(await log.open(identity)),
      incarnation: `incarnation-of-${identity.nodeId}`,
    }),
  })),
  wrapped("STORAGE-04", "doesn't count runs", (log) => ({
    open: async (identity) => ({ ...(await log.open(identity)), run: 1 }),
  })),
  wrapped("STORAGE-05", "draws the incarnation at each opening", (log) => ({
    open: async (identity) => ({
      ...(await log.open(identity)),
      incarnation: globalThis.crypto.randomUUID(),
    }),
  })),

  // ---- keeping ----
  wrong("STORAGE-06", "keeps entries in memory only", {
    split: (operations) => [operations.filter(({ type }) => type !== "append")],
  }),
  wrong("STORAGE-07", "keeps the hard state in memory only", {
    split: (operations) => [operations.filter(({ type }) => type !== "hardState")],
  }),
  wrong("STORAGE-08", "takes no vote for no change of the vote", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return {
        ...state,
        hardState: {
          ...state.hardState,
          votedFor: state.hardState.votedFor ?? replayed.state.hardState.votedFor,
        },
      };
    },
  }),
  wrong("STORAGE-09", "has room for one hard state in a write, the first", {
    split: (operations) => [
      operations.filter(
        (operation) =>
          operation.type !== "hardState" ||
          operation === operations.find(({ type }) => type === "hardState"),
      ),
    ],
  }),
  wrong("STORAGE-10", "keeps one term for all entries of a run", { bytesOf: withOneTerm }),
  wrong("STORAGE-11", "stores every entry as a command", { bytesOf: withoutKinds }),
  wrong("STORAGE-12", "takes entries without data for the end", {
    replay: (replayed, operation, opening) =>
      operation.type === "append" &&
      operation.run.bytes.length === ENTRY_HEADER_BYTES * operation.run.count
        ? replayed.state
        : replay(replayed, operation, opening),
  }),
  wrong("STORAGE-13", "keeps lengths in 16 bits", {
    bytesOf: ({ bytes }) => bytes.subarray(0, 0xffff),
  }),
  wrong("STORAGE-14", "keeps terms in 32 bits", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return {
        ...state,
        hardState: { ...state.hardState, currentTerm: state.hardState.currentTerm >>> 0 },
      };
    },
  }),
  wrong("STORAGE-15", "keeps 32 characters of an incarnation", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return {
        ...state,
        hardState: {
          ...state.hardState,
          votedFor: state.hardState.votedFor && {
            ...state.hardState.votedFor,
            incarnation: state.hardState.votedFor.incarnation.slice(0, 32),
          },
        },
      };
    },
  }),
  wrong("STORAGE-16", "stores the whole buffer behind a view", {
    bytesOf: ({ bytes }) => new Uint8Array(bytes.buffer),
  }),
  wrapped("STORAGE-17", "refuses a write without operations", (log) => ({
    write: async (operations) =>
      operations.length === 0
        ? Promise.reject(new RangeError("nothing to write"))
        : log.write(operations),
  })),
  wrapped("STORAGE-18", "keeps what it was passed, and writes it when it is closed", (log) => {
    const kept: (readonly LogOperation[])[] = [];
    return {
      write: async (operations) => void kept.push(operations),
      async close() {
        for (const operations of kept.splice(0)) await log.write(operations);
        await log.close();
      },
    };
  }),
  wrapped("STORAGE-19", "writes from the buffer whose parts it returned", (log) => {
    let slab: Uint8Array = new Uint8Array();
    return {
      async open(identity) {
        const opened = await log.open(identity);
        slab = joined(opened.entries.map(({ bytes }) => bytes));
        let at = 0;
        return {
          ...opened,
          entries: opened.entries.map((run) => ({
            ...run,
            bytes: slab.subarray(at, (at += run.bytes.length)),
          })),
        };
      },
      async write(operations) {
        for (const operation of operations) {
          if (operation.type === "append") slab.set(operation.run.bytes.subarray(0, slab.length));
        }
        await log.write(operations);
      },
    };
  }),
  wrong("STORAGE-20", "numbers records in one byte", { numberOf: (number) => number & 0xff }),

  // ---- removing ----
  wrong("STORAGE-21", "truncates when the entries come that replace the old ones", {
    split: (operations) => [
      operations.filter(
        ({ type }, i) => type !== "truncateFrom" || operations[i + 1]?.type === "append",
      ),
    ],
  }),
  wrong("STORAGE-22", "truncates whole runs", { replay: inWholeRuns("truncateFrom") }),
  wrong("STORAGE-23", "takes it for a mistake to truncate everything", {
    accept: (state, operation) =>
      operation.type === "truncateFrom" && operation.index === 1
        ? refuse("there would be no entry left")
        : accept(state, operation),
  }),
  wrong(
    "STORAGE-24",
    "overwrites entries in their place when others replace them in the same write",
    { replay: remembering((_, truncatedIn, replacedIn) => truncatedIn === replacedIn) },
  ),
  wrong(
    "STORAGE-25",
    "forgets that entries of an earlier opening were truncated once others took their place",
    { replay: remembering((writtenIn, truncatedIn) => writtenIn < truncatedIn) },
  ),
  wrong("STORAGE-26", "compacts one entry too many", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      if (operation.type === "compactThrough") compactRuns(replayed.runs, operation.index + 1);
      return state;
    },
  }),
  wrong("STORAGE-27", "doesn't keep the term of what was compacted", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return operation.type === "compactThrough"
        ? { ...state, base: { index: operation.index, term: replayed.state.base.term } }
        : state;
    },
  }),
  wrong("STORAGE-28", "compacts whole runs", { replay: inWholeRuns("compactThrough") }),
  wrong("STORAGE-29", "finds the base before its first entry, so nowhere when there is none", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return operation.type === "compactThrough" && replayed.runs.length === 0
        ? { ...state, base: emptyLogState.base }
        : state;
    },
  }),
  wrong("STORAGE-30", "counts from the base what it truncates", {
    replay: (replayed, operation, opening) => {
      if (operation.type !== "truncateFrom") return replay(replayed, operation, opening);
      const index = operation.index + replayed.state.base.index;
      return index > replayed.state.lastIndex
        ? replayed.state
        : replay(replayed, { ...operation, index }, opening);
    },
  }),
  wrong("STORAGE-31", "keeps entries behind the index of a reset", {
    replay: (replayed, operation, opening) => {
      const behind = [...replayed.runs];
      const state = replay(replayed, operation, opening);
      if (operation.type !== "resetTo") return state;
      compactRuns(behind, operation.index);
      replayed.runs.push(...behind);
      return state;
    },
  }),
  wrong("STORAGE-32", "begins at term 0 after a reset", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return operation.type === "resetTo"
        ? { ...state, base: { index: operation.index, term: 0 } }
        : state;
    },
  }),
  wrong("STORAGE-33", "throws away with a reset what follows it in the same write", {
    split: (operations) => [
      operations.slice(
        0,
        operations.findLastIndex(({ type }) => type === "resetTo") + 1 || operations.length,
      ),
    ],
  }),
  wrong("STORAGE-34", "gives the vote back when the log is reset", {
    replay: (replayed, operation, opening) => {
      const state = replay(replayed, operation, opening);
      return operation.type === "resetTo"
        ? { ...state, hardState: { ...state.hardState, votedFor: null } }
        : state;
    },
  }),
  wrong("STORAGE-35", "truncates before it appends, whatever the order in a write", {
    split: (operations) => [
      [
        ...operations.filter(({ type }) => type === "truncateFrom"),
        ...operations.filter(({ type }) => type !== "truncateFrom"),
      ],
    ],
  }),
  wrong("STORAGE-36", "takes a log that was truncated down to a reset for a new one", {
    replay: forgettingResets(),
  }),

  // ---- access ----
  wrong("STORAGE-37", "doesn't compare the cluster", {
    checkIdentity: (stored, wanted) =>
      checkIdentity(stored, { ...wanted, clusterId: stored.clusterId }),
  }),
  wrong("STORAGE-38", "doesn't compare the node", {
    checkIdentity: (stored, wanted) => checkIdentity(stored, { ...wanted, nodeId: stored.nodeId }),
  }),
  wrong("STORAGE-39", "doesn't compare the codec", {
    checkIdentity: (stored, wanted) => checkIdentity(stored, { ...wanted, codec: stored.codec }),
  }),
  wrapped("STORAGE-40", "throws another's log away while it refuses it", (log, disk) => ({
    open: (identity) => onError(log.open(identity), "TOY_IDENTITY", () => disk.remove("log")),
  })),
  wrong("STORAGE-41", "takes no lock", { lock: async () => () => {} }),
  wrapped("STORAGE-42", "tidies up after a refusal what is somebody else's", (log, disk) => ({
    open: (identity) => onError(log.open(identity), "TOY_IN_USE", () => disk.remove("log")),
  })),
  wrapped("STORAGE-43", "complains about a second close", (log) => {
    let isClosed = false;
    return {
      async close() {
        if (isClosed) throw new RaftkitError("TOY_CLOSED", "the journal was closed before");
        isClosed = true;
        await log.close();
      },
    };
  }),
  wrapped("STORAGE-44", "forgets on closing what waits to be written", (log) => ({
    async write(operations) {
      await new Promise(setImmediate);
      await log.write(operations);
    },
  })),
  wrapped("STORAGE-45", "takes writes after closing, for nothing", (log) => ({
    write: (operations) =>
      log
        .write(operations)
        .catch((error: unknown) =>
          hasCode(error, "TOY_CLOSED") ? undefined : Promise.reject(error),
        ),
  })),
  onDisk("STORAGE-46", "never closes its file", (disk) => ({
    hold: () => (disk.hold(), () => {}),
  })),
  wrapped("STORAGE-47", "leaves its file open when it refuses", (log, disk) => ({
    open: (identity) => onError(log.open(identity), "TOY_IDENTITY", async () => void disk.hold()),
  })),

  // ---- refusals ----
  wrong("STORAGE-48", "takes entries wherever they begin", {
    accept: (state, operation) =>
      operation.type === "append" && operation.run.firstIndex > state.lastIndex + 1
        ? { ...state, lastIndex: operation.run.firstIndex }
        : accept(state, operation),
  }),
  wrong("STORAGE-49", "takes entries in place of others without truncation", {
    accept: (state, operation) =>
      operation.type === "append" && operation.run.firstIndex <= state.lastIndex
        ? { ...state, lastIndex: operation.run.firstIndex }
        : accept(state, operation),
  }),
  wrong("STORAGE-50", "truncates below the base", {
    accept: (state, operation) =>
      operation.type === "truncateFrom" && operation.index <= state.base.index
        ? { ...state, lastIndex: operation.index - 1 }
        : accept(state, operation),
  }),
  wrong("STORAGE-51", "doesn't look into runs", { accept: nextLogState }),
  wrong("STORAGE-52", "goes on after a refused write", {
    isFatal: (error) => !(error instanceof InvariantViolation),
  }),
  wrapped("STORAGE-53", "carries operations out one by one", (log) => ({
    async write(operations) {
      for (const operation of operations) await log.write([operation]);
    },
  })),
];

function refuse(why: string): never {
  throw new RaftkitError("TOY_REFUSED", why);
}
