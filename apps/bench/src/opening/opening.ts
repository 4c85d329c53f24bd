// How long it takes to open a log, and how much memory. A process of its own opens, so that its
// peak is that of the opening alone.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { encodeRun, EntryKind } from "@raftkit/core";
import { createFileLog, nodeFileSystem } from "@raftkit/storage-file";
import type { FileSystem } from "@raftkit/storage-file";
import { bytesIn, makeDataDirectory } from "../data-directory.js";
import { IDENTITY } from "./identity.js";

export interface OpeningOptions {
  readonly mib: number;
  readonly entryBytes: number;
  /** How often it is opened. */
  readonly runs: number;
  /** An existing folder. */
  readonly data: string;
}

const MIB = 1024 * 1024;

/** What is measured is the reading. */
const unsynced: FileSystem = {
  ...nodeFileSystem,
  syncDirectory: async () => {},
  open: async (path, mode) => ({
    ...(await nodeFileSystem.open(path, mode)),
    datasync: async () => {},
  }),
};

export async function measureOpening(
  { mib, entryBytes, runs, data }: OpeningOptions,
  print: (line: string) => void,
): Promise<void> {
  const directory = await makeDataDirectory(data, "opening");
  try {
    const count = Math.ceil((mib * MIB) / entryBytes);
    await writeLog(directory.path, count, entryBytes);
    const onDisk = await bytesIn(directory.path);
    print(`${count} entries of ${entryBytes} bytes, ${(onDisk / MIB).toFixed(0)} MiB on disk`);
    for (let run = 1; run <= runs; run++) await openInProcess(directory.path);
  } finally {
    await directory.remove();
  }
}

/** A frame for each entry. */
async function writeLog(directory: string, count: number, entryBytes: number): Promise<void> {
  const log = createFileLog({ directory, fileSystem: unsynced });
  await log.open(IDENTITY);
  const data = Uint8Array.from({ length: entryBytes }, (_, i) => 1 + (i % 250));
  for (let index = 1; index <= count; index++) {
    await log.write([{ type: "append", run: encodeRun(index, 1, EntryKind.command, [data]) }]);
  }
  await log.close();
}

/** @throws it failed; its message is on standard error */
async function openInProcess(directory: string): Promise<void> {
  const child = fork(fileURLToPath(new URL("process.js", import.meta.url)), [directory]);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error("the log could not be opened; the message is above");
}
