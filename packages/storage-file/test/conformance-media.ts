// The media on which the conformance suite tests this package: the simulated disk, with every
// fault, and the real one.
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { LogStorage } from "@raftkit/core";
import type { Step, StorageMedium } from "@raftkit/conformance";
import type { FileHandle, FileSystem } from "@raftkit/storage-file";
import { createFileLog } from "@raftkit/storage-file";
import type { Operation } from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { seeded } from "./support/logs.js";

const segmentBytes = 8192;

export function simulatedMedium(seed: number): Required<StorageMedium<LogStorage>> {
  const directory = "/data";
  const random = seeded(seed);
  const disk = createSimulatedDisk({ random });
  const handles = new Set<object>();
  return {
    storage: () =>
      createFileLog({
        directory,
        fileSystem: counting(disk.boot(), handles),
        segmentBytes,
        random,
      }),
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
export async function realMedium(): Promise<StorageMedium<LogStorage>> {
  const directory = await mkdtemp(`${tmpdir()}/raftkit-conformance-`);
  return {
    storage: () => createFileLog({ directory, segmentBytes }),
    async files() {
      return new Map(
        await Promise.all(
          (await readdir(directory)).map(
            async (name) => [name, new Uint8Array(await readFile(`${directory}/${name}`))] as const,
          ),
        ),
      );
    },
    async replaceFiles(files) {
      for (const name of await readdir(directory)) await rm(`${directory}/${name}`);
      for (const [name, content] of files) {
        await writeFile(`${directory}/${name}`, content, { mode: 0o600 });
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
