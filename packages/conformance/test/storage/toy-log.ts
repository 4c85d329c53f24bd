// The simplest log storage that is right: a journal of checked records in one file, read from the
// start when it opens. It is made of parts, each of which a wrong adapter replaces with one that is
// wrong in one way. For the suites' own tests.
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type {
  EntryRun,
  LogOperation,
  LogState,
  LogStorage,
  OpenedLog,
  StorageIdentity,
} from "@raftkit/core";
import {
  changeRuns,
  checkedNextLogState,
  emptyLogState,
  nextLogState,
  RaftkitError,
} from "@raftkit/core";
import type { ToyProcess } from "./toy-disk.js";

const FILE = "log";
const HEADER_BYTES = 12;

/** What a record holds: the identity, then one for each opening and each write. */
export interface ToyRecord {
  readonly identity?: StorageIdentity;
  readonly incarnation?: string;
  readonly opening?: number;
  readonly operations?: readonly LogOperation[];
}

export interface Replayed {
  state: LogState;
  readonly runs: EntryRun[];
}

export const rightParts = {
  /** The bytes of an entry run that are stored. */
  bytesOf: (run: EntryRun): Uint8Array => run.bytes,
  checksum: (payload: Uint8Array): number => crc32(payload),
  /** What is stored of a record's number. */
  numberOf: (number: number): number => number,
  /** What is done about bytes that are no record, but have one behind them. */
  refuseDamage: (at: number): void => {
    throw new RaftkitError(
      "TOY_DAMAGED",
      `the journal is damaged at byte ${at}; replace this node`,
    );
  },
  checkIdentity: (stored: StorageIdentity, wanted: StorageIdentity): void => {
    for (const key of ["clusterId", "nodeId", "codec"] as const) {
      if (stored[key] !== wanted[key]) {
        throw new RaftkitError(
          "TOY_IDENTITY",
          `the journal belongs to ${key} ${stored[key]}, not ${wanted[key]}; check the options`,
        );
      }
    }
  },
  /** One operation of the journal, carried out. `opening` counts the openings before it. */
  replay: (
    { runs, ...replayed }: Replayed,
    operation: LogOperation,
    _opening: number,
  ): LogState => {
    const state = nextLogState(replayed.state, operation);
    changeRuns(runs, operation);
    return state;
  },
  /** @throws an operation doesn't fit */
  accept: (state: LogState, operation: LogOperation): LogState =>
    checkedNextLogState(state, operation),
  /** The records of one write. */
  split: (operations: readonly LogOperation[]): readonly (readonly LogOperation[])[] => [
    operations,
  ],
  /** Makes one record durable. */
  commit: async (
    disk: ToyProcess,
    at: number,
    bytes: Uint8Array,
    _operations: readonly LogOperation[],
  ): Promise<void> => {
    await disk.write(FILE, at, bytes);
    await disk.sync(FILE);
  },
  /** The same, of an opening's own record. */
  begin: async (disk: ToyProcess, at: number, bytes: Uint8Array): Promise<void> => {
    await disk.write(FILE, at, bytes);
    await disk.sync(FILE);
  },
  /**
   * Takes away what an interrupted write left, and makes durable what was read. @returns where to
   * go on
   */
  recover: async (disk: ToyProcess, bytes: Uint8Array, end: number): Promise<number> => {
    if (end < bytes.length) await disk.truncate(FILE, end);
    await disk.write(FILE, 0, bytes.subarray(0, end));
    await disk.sync(FILE);
    return end;
  },
  /** The run of an opening. @param last that of the one before, or 0 */
  runAfter: (last: number): number => Math.max(last + 1, Date.now()),
  /** Whether an error makes the storage unusable. */
  isFatal: (_error: unknown): boolean => true,
  /** Before anything is read: the lock. */
  lock: async (disk: ToyProcess): Promise<() => void> => {
    const release = await disk.lock();
    if (release === undefined) {
      throw new RaftkitError("TOY_IN_USE", "the journal is open already; close it first");
    }
    return release;
  },
};

export type ToyLogParts = typeof rightParts;

export function createToyLog(
  disk: ToyProcess,
  incarnation: string,
  parts: ToyLogParts = rightParts,
): LogStorage {
  let status: "closed" | "open" | Error = "closed";
  let release = (): void => {};
  let [state, at, number] = [emptyLogState, 0, 0];
  let underWay: Promise<void> = Promise.resolve();

  async function begin(identity: StorageIdentity): Promise<OpenedLog> {
    const bytes = (await disk.read(FILE)) ?? new Uint8Array();
    const { records, end } = readJournal(bytes, parts);
    const [first] = records;
    if (first?.identity !== undefined) parts.checkIdentity(first.identity, identity);
    at = await parts.recover(disk, bytes, end);
    number = records.length;
    if (first === undefined) await put({ identity, incarnation }, parts.begin);
    const replayed: Replayed = { state: emptyLogState, runs: [] };
    let opening = 0;
    for (const record of records) {
      opening = record.opening ?? opening;
      for (const operation of record.operations ?? []) {
        replayed.state = parts.replay(replayed, operation, opening);
      }
    }
    state = replayed.state;
    opening = parts.runAfter(opening);
    await put({ opening }, parts.begin);
    return {
      incarnation: first?.incarnation ?? incarnation,
      run: opening,
      base: state.base,
      hardState: state.hardState,
      entries: replayed.runs,
    };
  }
  async function put(record: ToyRecord, write: ToyLogParts["begin"]): Promise<void> {
    const bytes = encodeRecord(record, number + 1, parts);
    await write(disk, at, bytes);
    at += bytes.length;
    number++;
  }
  async function write(operations: readonly LogOperation[]): Promise<void> {
    const next = operations.reduce(parts.accept, state);
    for (const part of parts.split(operations)) {
      await put({ operations: part }, (...where) => parts.commit(...where, part));
    }
    state = next;
  }

  return {
    async open(identity) {
      if (status !== "closed") {
        throw new RaftkitError("TOY_IN_USE", "the journal is open already; close it first");
      }
      const [unlock, letGo] = [await parts.lock(disk), disk.hold()];
      release = () => {
        unlock();
        letGo();
      };
      try {
        const opened = await begin(identity);
        status = "open";
        return opened;
      } catch (error) {
        release();
        throw error instanceof RaftkitError
          ? error
          : new RaftkitError(
              "TOY_DISK",
              `the disk under the journal failed: ${String(error)}; mend it`,
              { cause: error },
            );
      }
    },
    write(operations) {
      if (status === "closed") {
        return Promise.reject(
          new RaftkitError("TOY_CLOSED", "the journal is not open; open it first"),
        );
      }
      if (status !== "open") return Promise.reject(status);
      underWay = write(operations).catch((error: unknown) => {
        const failure = new RaftkitError(
          "TOY_FAILED",
          `a write failed: ${String(error)}; open the journal anew`,
          { cause: error },
        );
        if (parts.isFatal(error)) status = failure;
        throw failure;
      });
      return underWay;
    },
    async close() {
      await underWay.catch(() => undefined);
      if (status === "closed") return;
      status = "closed";
      release();
    },
  };
}

/** checksum u32 | length u32 | number u32 | JSON */
function encodeRecord(record: ToyRecord, number: number, parts: ToyLogParts): Uint8Array {
  const payload = Buffer.from(
    JSON.stringify({
      ...record,
      operations: record.operations?.map((operation) =>
        operation.type === "append"
          ? {
              ...operation,
              run: {
                ...operation.run,
                bytes: Buffer.from(parts.bytesOf(operation.run)).toString("base64"),
              },
            }
          : operation,
      ),
    }),
  );
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 4);
  bytes.writeUInt32LE(parts.numberOf(number), 8);
  bytes.set(payload, HEADER_BYTES);
  bytes.writeUInt32LE(parts.checksum(bytes.subarray(4)), 0);
  return bytes;
}

export function readJournal(
  content: Uint8Array,
  parts: ToyLogParts,
): { readonly records: readonly ToyRecord[]; readonly end: number } {
  const bytes = Buffer.from(content);
  const records: ToyRecord[] = [];
  let end = 0;
  for (
    let found = recordAt(bytes, end, parts);
    found !== undefined && found.number === records.length + 1;
    found = recordAt(bytes, end, parts)
  ) {
    records.push(found.record);
    end = found.end;
  }
  for (let at = end + 1; at < bytes.length; at++) {
    if ((recordAt(bytes, at, parts)?.number ?? 0) > records.length) parts.refuseDamage(end);
  }
  return { records, end };
}

function recordAt(
  bytes: Buffer,
  at: number,
  parts: ToyLogParts,
): { readonly record: ToyRecord; readonly number: number; readonly end: number } | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 4);
  if (
    end > bytes.length ||
    parts.checksum(bytes.subarray(at + 4, end)) !== bytes.readUInt32LE(at)
  ) {
    return undefined;
  }
  try {
    return {
      record: decodeRecord(bytes.toString("utf8", at + HEADER_BYTES, end)),
      number: bytes.readUInt32LE(at + 8),
      end,
    };
  } catch {
    return undefined; // no JSON is no record, also for those who check no checksum
  }
}

function decodeRecord(text: string): ToyRecord {
  const record: {
    readonly operations?: readonly (
      | Exclude<LogOperation, { type: "append" }>
      | {
          readonly type: "append";
          readonly run: {
            readonly firstIndex: number;
            readonly count: number;
            readonly bytes: string;
          };
        }
    )[];
  } = JSON.parse(text);
  if (record.operations === undefined) return record as ToyRecord;
  return {
    ...record,
    operations: record.operations.map((operation) =>
      operation.type === "append"
        ? {
            type: "append",
            run: {
              ...operation.run,
              bytes: new Uint8Array(Buffer.from(operation.run.bytes, "base64")),
            },
          }
        : operation,
    ),
  };
}
