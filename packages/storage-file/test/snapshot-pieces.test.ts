// How snapshots reach the disk and come back: in pieces, synced on the way and before they get their
// name, private; and no snapshot is ever held in memory.
import { statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { crc32 } from "node:zlib";
import type { FileSystem } from "@raftkit/storage-file";
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import { expect, test } from "vitest";
import { identity } from "./support/logs.js";
import { folder, positionAt, save, setUp } from "./support/snapshots.js";

const MIB = 1024 * 1024;

/** Notes what is asked of the disk: which operation, of how many bytes. */
function noting(fileSystem: FileSystem, calls: [string, number][]): FileSystem {
  return {
    ...fileSystem,
    async open(path, mode) {
      const handle = await fileSystem.open(path, mode);
      return {
        ...handle,
        read: (into, position) => (calls.push(["read", into.length]), handle.read(into, position)),
        write(parts, position) {
          calls.push(["write", parts.reduce((sum, { length }) => sum + length, 0)]);
          return handle.write(parts, position);
        },
        datasync: () => (calls.push(["datasync", 0]), handle.datasync()),
      };
    },
    rename: (from, to) => (calls.push(["rename", 0]), fileSystem.rename(from, to)),
    unlink: (path) => (calls.push(["unlink", 0]), fileSystem.unlink(path)),
    syncDirectory: (path) => (calls.push([`sync ${path}`, 0]), fileSystem.syncDirectory(path)),
  };
}

test("30 MiB in one write and one read: pieces of 1 MiB, a sync every 8, and none is kept", async () => {
  const { disk, make } = setUp();
  const calls: [string, number][] = [];
  const storage = make(noting(disk.boot(), calls));
  await storage.open(identity);
  const data = Buffer.alloc(30 * MIB, "snapshot");
  const sink = await storage.create(positionAt(20));
  calls.length = 0;
  await sink.write(data);
  const { snapshotId, crc } = await sink.commit();
  expect(crc).toBe(crc32(data));
  expect(Math.max(...calls.map(([, bytes]) => bytes))).toBe(MIB);
  const whenSynced = calls.flatMap(([type], i) => (type === "datasync" ? [i] : []));
  const gaps = whenSynced.map((at, i) => at - (whenSynced[i - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(10);
  const reader = await storage.openReader(snapshotId);
  calls.length = 0;
  let [at, sum] = [0, 0];
  for (let done = false; !done;) {
    const got = await reader.read(at, data.length);
    sum = crc32(got.data, sum);
    at += got.data.length;
    ({ done } = got);
  }
  expect([at, sum]).toEqual([data.length, crc]);
  expect(Math.max(...calls.map(([, bytes]) => bytes))).toBe(MIB);
  await storage.close();
  calls.length = 0;
  await storage.open(identity); // reads no data
  expect(calls.reduce((bytes, [, more]) => bytes + more, 0)).toBeLessThan(1000);
});

test("content is synced before it gets its name, the name before the older one goes", async () => {
  const { disk, make } = setUp();
  const calls: [string, number][] = [];
  const storage = make(noting(disk.boot(), calls));
  await storage.open(identity);
  await save(storage, 20);
  calls.length = 0;
  await save(storage, 30);
  expect(calls.map(([type]) => type)).toEqual([
    "write",
    "write",
    "write",
    "write", // what it is
    "datasync",
    "rename",
    `sync ${folder}`,
    "unlink",
  ]);
});

test("folder and files are the owner's alone, also where the folder was made otherwise", async () => {
  const directory = await mkdtemp(`${tmpdir()}/raftkit-snapshots-`);
  try {
    await mkdir(`${directory}/snapshots`);
    for (const path of [directory, `${directory}/snapshots`]) await chmod(path, 0o755);
    const storage = createFileSnapshots({ directory });
    await storage.open(identity);
    const log = createFileLog({ directory, segmentBytes: 8192 });
    await log.open(identity); // finds a directory that holds nothing else
    await log.close();
    await save(storage, 20);
    await storage.create(positionAt(30));
    const modes = [directory, `${directory}/snapshots`].map((path) => statSync(path).mode & 0o777);
    for (const name of await readdir(`${directory}/snapshots`)) {
      modes.push((await stat(`${directory}/snapshots/${name}`)).mode & 0o777);
    }
    if (process.platform !== "win32") expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
    await storage.close();
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("wrong options are refused by name", () => {
  expect(() => createFileSnapshots({ directory: "" })).toThrow(/option directory/);
  const misspelt = { directory: "data", fileSytem: {} };
  expect(() => createFileSnapshots(misspelt)).toThrow(/fileSytem/);
});
