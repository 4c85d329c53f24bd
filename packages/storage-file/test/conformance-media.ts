// The media on which the conformance suite tests this package: the simulated disk, with every
// fault, and the real one.
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { LogStorage, SnapshotStorage } from "@raftkit/core";
import type { Step, StorageMedium } from "@raftkit/conformance";
import type { FileHandle, FileSystem } from "@raftkit/storage-file";
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import type { Operation } from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { seeded } from "./support/logs.js";

const segmentBytes = 8192;

type Make<Storage> = (options: {
  readonly directory: string;
  readonly fileSystem?: FileSystem;
  readonly random?: () => number;
}) => Storage;

export const makeLog: Make<LogStorage> = (options) => createFileLog({ ...options, segmentBytes });
export const makeSnapshots: Make<SnapshotStorage> = (options) => createFileSnapshots(options);

export function simulatedMedium<Storage>(
  make: Make<Storage>,
  seed: number,
): Required<StorageMedium<Storage>> {
  const directory = "/data";
  const random = seeded(seed);
  const disk = createSimulatedDisk({ random, durableWrites: true });
  const handles = new Set<object>();
  return {
    storage: () => make({ directory, fileSystem: counting(disk.boot(), handles), random }),
    kill: () => disk.kill(),
    powerCut: () => disk.powerCut(),
    setFault: (faults) => disk.setFault(faults && (({ type }) => faults({ kind: kindOf(type) }))),
    files: () => disk.files(),
    replaceFiles(files) {
      for (const path of disk.files().keys()) disk.tamper(path, undefined);
      for (const [path, content] of files) disk.tamper(path, content);
    },
    openHandles: () => handles.size,
    dispose() {},
  };
}

/** A directory of its own on the real disk. */
export async function realMedium<Storage>(make: Make<Storage>): Promise<StorageMedium<Storage>> {
  const directory = await mkdtemp(`${tmpdir()}/raftkit-conformance-`);
  return {
    storage: () => make({ directory }),
    async files() {
      const files = new Map<string, Uint8Array>();
      for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) files.set(relative(directory, path), await readFile(path));
      }
      return files;
    },
    async replaceFiles(files) {
      for (const name of await readdir(directory)) {
        await rm(join(directory, name), { recursive: true });
      }
      for (const [name, content] of files) {
        await mkdir(dirname(join(directory, name)), { recursive: true, mode: 0o700 });
        await writeFile(join(directory, name), content, { mode: 0o600 });
      }
    },
    async openHandles() {
      const links = (await readdir("/proc/self/fd")).map((fd) =>
        readlink(`/proc/self/fd/${fd}`).catch(() => ""),
      );
      return (await Promise.all(links)).filter((path) => path.startsWith(directory)).length;
    },
    dispose: () => rm(directory, { recursive: true }),
  };
}

function kindOf(type: Operation["type"]): Step["kind"] {
  if (type === "datasync" || type === "syncDirectory") return "sync";
  return type === "write" ? "write" : "other";
}

/** Counts the open files and locks. */
function counting(fileSystem: FileSystem, handles: Set<object>): FileSystem {
  return {
    ...fileSystem,
    async open(path, mode) {
      const handle = await fileSystem.open(path, mode);
      const counted: FileHandle = {
        ...handle,
        async close() {
          handles.delete(counted);
          await handle.close();
        },
      };
      handles.add(counted);
      return counted;
    },
    async lock(directory) {
      const release = await fileSystem.lock(directory);
      if (release === undefined) return undefined;
      handles.add(release);
      return async () => {
        handles.delete(release);
        await release();
      };
    },
  };
}
