// Log storages that are right until something fails: the power, the process, a sync, the space, a
// bit.
import { RaftkitError } from "@raftkit/core";
import type { LogSubject } from "../../src/storage/medium.js";
import type { Wrong } from "../support/caught.js";
import { hasCode } from "../support/codes.js";
import { wrapped, wrong } from "../storage/log-targets.js";
import { lockInMemory } from "../storage/toy-disk.js";
import type { ToyProcess } from "../storage/toy-disk.js";
import { rightParts } from "../storage/toy-log.js";

const FILE = "log";
const { commit, refuseDamage, recover } = rightParts;

/** Syncs later, if ever, what is of one type alone. */
function unsynced(caughtBy: string, name: string, ...types: readonly string[]): Wrong<LogSubject> {
  return wrong(caughtBy, name, {
    commit: (disk, at, bytes, operations) =>
      operations.every(({ type }) => types.includes(type))
        ? disk.write(FILE, at, bytes)
        : commit(disk, at, bytes, operations),
  });
}

export const wrongLogsOnBadDisks: readonly Wrong<LogSubject>[] = [
  unsynced("STORAGE-54", "acknowledges entries before they are durable", "append"),
  unsynced("STORAGE-55", "acknowledges a vote before it is durable", "hardState"),
  unsynced("STORAGE-56", "acknowledges a truncation before it is durable", "truncateFrom"),
  unsynced("STORAGE-57", "thinks that compaction can wait", "compactThrough", "resetTo"),
  wrong("STORAGE-58", "doesn't sync the run that it returns", {
    begin: (disk, at, bytes) => disk.write(FILE, at, bytes),
  }),
  wrong("STORAGE-59", "takes an interrupted creation for damage", {
    recover: async (disk, bytes, end) =>
      end === 0 && bytes.length > 0
        ? Promise.reject(new RaftkitError("TOY_DAMAGED", "there is a journal without a beginning"))
        : recover(disk, bytes, end),
  }),
  wrong("STORAGE-60", "compacts by writing the file anew in its place", { commit: rewriting(0) }),
  wrong("STORAGE-61", "writes the hard state after the entries, for itself", {
    split: (operations) =>
      [
        operations.filter(({ type }) => type !== "hardState"),
        operations.filter(({ type }) => type === "hardState"),
      ].filter(({ length }) => length > 0),
  }),
  wrong("STORAGE-62", "writes behind the remains of an interrupted write", {
    recover: async (disk, bytes) => recover(disk, bytes, bytes.length),
  }),
  wrong("STORAGE-63", "empties the file before it writes what it recovered", {
    recover: async (disk, bytes, end) => {
      await disk.truncate(FILE, 0);
      return recover(disk, bytes, end);
    },
  }),
  wrong("STORAGE-64", "compacts by writing the file anew in its place, once it is large", {
    commit: rewriting(8_000),
  }),
  wrong("STORAGE-65", "leaves its lock behind when it is killed", { lock: lockInMemory }),
  wrong("STORAGE-66", "writes its own records through, and believes what it reads to be on disk", {
    recover: recoverOnlyWhatIsCut,
    commit: async (disk, at, bytes) => {
      await disk.write(FILE, at, bytes);
      await disk.sync(FILE);
    },
    begin: (disk, at, bytes) => disk.writeThrough(FILE, at, bytes),
  }),
  wrong("STORAGE-67", "swallows the error of a sync", {
    commit: async (disk, at, bytes) => {
      await disk.write(FILE, at, bytes);
      await disk
        .sync(FILE)
        .catch((error: unknown) => (hasCode(error, "EIO") ? undefined : Promise.reject(error)));
    },
  }),
  wrong("STORAGE-68", "goes on when the disk is well again", {
    isFatal: (error) => !hasCode(error, "EIO"),
  }),
  wrong("STORAGE-69", "tries a failed sync again", {
    commit: async (disk, at, bytes) => {
      await disk.write(FILE, at, bytes);
      await disk.sync(FILE).catch(() => disk.sync(FILE));
    },
  }),
  wrong("STORAGE-70", "believes what it reads to be on disk", { recover: recoverOnlyWhatIsCut }),
  wrapped("STORAGE-71", "isn't closed after a failure", (log) => {
    let hasFailed = false;
    return {
      write: (operations) =>
        log.write(operations).catch((error: unknown) => {
          hasFailed = String(error).includes("EIO");
          throw error;
        }),
      close: async () => (hasFailed ? undefined : log.close()),
    };
  }),
  wrapped("STORAGE-72", "leaves a file open after a failure", (log, disk) => ({
    write: (operations) =>
      log.write(operations).catch((error: unknown) => {
        disk.hold();
        throw error;
      }),
  })),
  wrapped("STORAGE-73", "passes on what the disk says", (log) => ({
    open: (identity) =>
      log
        .open(identity)
        .catch((error: unknown) =>
          Promise.reject(
            error instanceof RaftkitError && error.cause !== undefined ? error.cause : error,
          ),
        ),
  })),
  wrong("STORAGE-74", "goes on when there is space again", {
    isFatal: (error) => !hasCode(error, "ENOSPC"),
  }),
  wrong("STORAGE-75", "throws its file away when there is no space", {
    commit: (disk, at, bytes, operations) =>
      commit(disk, at, bytes, operations).catch(async (error: unknown) => {
        if (hasCode(error, "ENOSPC")) await disk.remove(FILE);
        throw error;
      }),
  }),
  wrapped("STORAGE-88", "calls a disk with room full", (log) => ({
    open: (identity, onSpace) => {
      onSpace?.(true);
      return log.open(identity);
    },
  })),
  wrapped("STORAGE-88", "says that space is short when the write has failed", (log) => {
    let say: ((isShort: boolean) => void) | undefined;
    return {
      open: (identity, onSpace) => {
        say = onSpace;
        return log.open(identity);
      },
      write: (operations) =>
        log.write(operations).catch((error: unknown) => {
          say?.(true);
          throw error;
        }),
    };
  }),
  wrong("STORAGE-76", "has no checksum", { checksum: () => 0 }),
  wrong("STORAGE-77", "cuts the log at the first bad record", {
    refuseDamage: (at) => (at === 0 ? refuseDamage(at) : undefined),
  }),
  wrapped("STORAGE-78", "refuses a damaged log with whatever is thrown", (log) => ({
    open: (identity) =>
      log
        .open(identity)
        .catch((error: unknown) =>
          Promise.reject(
            hasCode(error, "TOY_DAMAGED") ? new SyntaxError("Unexpected token") : error,
          ),
        ),
  })),
  wrapped("STORAGE-79", "empties the log that it refuses", (log, disk) => ({
    open: (identity) =>
      log.open(identity).catch(async (error: unknown) => {
        if (hasCode(error, "TOY_DAMAGED")) await disk.truncate(FILE, 0);
        throw error;
      }),
  })),
];

/** Commits, and after a compaction puts the same content there again, in place. */
function rewriting(fromBytes: number): typeof commit {
  return async (disk: ToyProcess, at, bytes, operations) => {
    await commit(disk, at, bytes, operations);
    if (at < fromBytes || !operations.some(({ type }) => type === "compactThrough")) return;
    const content = (await disk.read(FILE)) ?? new Uint8Array();
    await disk.truncate(FILE, 0);
    await disk.write(FILE, 0, content);
    await disk.sync(FILE);
  };
}

async function recoverOnlyWhatIsCut(
  disk: ToyProcess,
  bytes: Uint8Array,
  end: number,
): Promise<number> {
  return end < bytes.length ? recover(disk, bytes, end) : end;
}
