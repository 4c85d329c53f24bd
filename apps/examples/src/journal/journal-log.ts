// A log in one file: a line for each write, JSON behind its checksum.
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { changeRuns, checkedNextLogState, crc32, emptyLogState, RaftkitError } from "@raftkit/core";
import type { EntryRun, LogOperation, LogState, LogStorage, StorageIdentity } from "@raftkit/core";
import { nodeFileSystem } from "@raftkit/storage-file";
import type { FileHandle, FileSystem } from "@raftkit/storage-file";

/** The first line: whose log it is, and how often it was opened. */
interface Head extends StorageIdentity {
  readonly incarnation: string;
  readonly run: number;
}

export function createJournalLog(
  directory: string,
  fileSystem: FileSystem = nodeFileSystem,
): LogStorage {
  const runs: EntryRun[] = [];
  let state: LogState = emptyLogState;
  let head: Head | undefined;
  let file: FileHandle | undefined;
  let unlock: (() => Promise<void>) | undefined;
  let size = 0;
  let failure: unknown;
  let writing: Promise<unknown> | undefined;

  /** Keeps operations in memory. Those that don't fit the log are refused, together. */
  function remember(operations: readonly LogOperation[]): void {
    state = operations.reduce(checkedNextLogState, state);
    for (const operation of operations) changeRuns(runs, operation);
  }

  async function append(line: Uint8Array): Promise<void> {
    const written = await file?.write([line], size);
    if (written !== line.length) throw new Error(`only ${written} bytes were written`);
    size += line.length;
    await file?.datasync();
  }

  /** Writes the whole log as it is now into a new file, which then takes the old one's name. */
  async function rewrite(): Promise<void> {
    const path = `${directory}/journal`;
    await file?.close();
    await fileSystem.unlink(`${path}.new`).catch(() => undefined);
    file = await fileSystem.open(`${path}.new`, "create");
    size = 0;
    const entries = runs.map((run) => ({ type: "append", run }) as const);
    const { base, hardState } = state;
    const all = [
      { type: "resetTo", ...base },
      { type: "hardState", hardState },
      ...entries,
    ] as const;
    await append(Buffer.concat([lineOf(head), lineOf(all.map(toJson))]));
    await fileSystem.rename(`${path}.new`, path);
    await fileSystem.syncDirectory(directory);
  }

  async function read(): Promise<readonly unknown[]> {
    try {
      file = await fileSystem.open(`${directory}/journal`, "existing");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
    const bytes = new Uint8Array(await file.size());
    for (let at = 0, got = -1; at < bytes.length && got !== 0; at += got) {
      got = await file.read(bytes.subarray(at), at);
    }
    return valuesIn(bytes);
  }

  async function release(): Promise<void> {
    await writing;
    const [open, locked] = [file, unlock];
    [file, unlock] = [undefined, undefined];
    await open?.close();
    await locked?.();
  }

  return {
    async open({ clusterId, nodeId, codec }) {
      try {
        await fileSystem.makeDirectory(directory);
        await fileSystem.syncDirectory(dirname(directory));
        unlock = await fileSystem.lock(directory);
        if (unlock === undefined) throw new RaftkitError("IN_USE", `${directory} is open already`);
        const [first, ...rest] = await read();
        const before = first as Head | undefined;
        const whose = before ?? { clusterId, nodeId, codec, incarnation: randomUUID(), run: 0 };
        if (whose.clusterId !== clusterId || whose.nodeId !== nodeId || whose.codec !== codec) {
          throw new RaftkitError("WRONG_IDENTITY", `${directory} is ${JSON.stringify(whose)}'s`);
        }
        for (const operations of rest) remember((operations as readonly Json[]).map(fromJson));
        // An old copy of the file must not bring a number back.
        head = { ...whose, run: Math.max(whose.run + 1, Date.now()) };
        await rewrite();
        const { base, hardState } = state;
        return { ...head, base, hardState, entries: [...runs] };
      } catch (cause) {
        await release();
        if (cause instanceof RaftkitError) throw cause;
        throw new RaftkitError("CANT_OPEN", `${directory} can't be opened`, { cause });
      }
    },
    async write(operations) {
      if (failure !== undefined) throw failure;
      try {
        if (file === undefined) throw new RaftkitError("CLOSED", `${directory} isn't open`);
        remember(operations);
        const isShorter = operations.some(({ type }) => /^(compactThrough|resetTo)$/.test(type));
        const written = isShorter ? rewrite() : append(lineOf(operations.map(toJson)));
        writing = written.catch(() => undefined);
        await written;
      } catch (error) {
        failure = error; // what is on the disk is unknown now: nothing more is written
        throw error;
      }
    },
    close: release,
  };
}

type Json = LogOperation & { readonly run?: { readonly bytes: unknown } };

function toJson(operation: LogOperation): unknown {
  if (operation.type !== "append") return operation;
  const { run } = operation;
  return { ...operation, run: { ...run, bytes: Buffer.from(run.bytes).toString("base64") } };
}

function fromJson(operation: Json): LogOperation {
  if (operation.type !== "append") return operation;
  const bytes = new Uint8Array(Buffer.from(String(operation.run.bytes), "base64"));
  return { ...operation, run: { ...operation.run, bytes } };
}

function lineOf(value: unknown): Uint8Array {
  const json = JSON.stringify(value);
  return Buffer.from(`${crc32(Buffer.from(json))} ${json}\n`);
}

/** What the lines say. The last one may be torn: its write was never acknowledged. */
function valuesIn(bytes: Uint8Array): readonly unknown[] {
  const values = new TextDecoder()
    .decode(bytes)
    .split("\n")
    .map((line) => {
      const [, crc, json = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
      return Number(crc) === crc32(Buffer.from(json)) ? (JSON.parse(json) as unknown) : undefined;
    });
  const torn = values.indexOf(undefined);
  if (torn < 0) return values;
  if (values.slice(torn).every((value) => value === undefined)) return values.slice(0, torn);
  throw new RaftkitError("CORRUPT_LOG", `line ${torn + 1} is damaged; check the disk`);
}
