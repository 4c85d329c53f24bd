// A disk that says no, and snapshots that are damaged or another's: one snapshot is lost, the storage
// goes on, and says what happened.
import { crc32 } from "node:zlib";
import { createFileLog, createFileSnapshots, SnapshotWriteFailed } from "@raftkit/storage-file";
import type { Fault, Operation } from "@raftkit/storage-file/simulated-disk";
import { describe, expect, test } from "vitest";
import { append, identity, seeded } from "./support/logs.js";
import {
  dataAt,
  directory,
  folder,
  isWhole,
  positionAt,
  readAll,
  save,
  setUp,
} from "./support/snapshots.js";

/** The first operation like this fails. */
function failOnce(
  type: Operation["type"],
  code: string,
  ending: string,
): (operation: Operation) => Fault | undefined {
  let failures = 0;
  return (operation) =>
    operation.type === type && operation.path.endsWith(ending) && failures++ === 0
      ? { type: "error", code }
      : undefined;
}

describe("a snapshot that can't be written", () => {
  test.each<[Operation["type"], string, string]>([
    ["create", "EMFILE", ".tmp"],
    ["write", "ENOSPC", ".tmp"],
    ["write", "EIO", ".tmp"],
    ["datasync", "EIO", ".tmp"],
    ["datasync", "ENOSPC", ".tmp"],
    ["close", "EIO", ".tmp"],
    ["rename", "EACCES", ".tmp"],
    ["syncDirectory", "EIO", folder],
  ])("is given up, its file goes, the one before stays, the next works: %s %s", async (...how) => {
    const [type, code, ending] = how;
    const { disk, make, files, events } = setUp();
    const storage = make();
    await storage.open(identity);
    const before = await save(storage, 20);
    const left = files();
    disk.setFault(failOnce(type, code, ending));
    const failed = await save(storage, 30).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(SnapshotWriteFailed);
    expect(failed).toMatchObject({
      code: "SNAPSHOT_WRITE_FAILED",
      message: expect.stringContaining("free space or repair the disk"),
      cause: { code },
    });
    expect(files()).toEqual(left);
    expect(await isWhole(storage, before)).toBe(true);
    const after = await save(storage, 40);
    expect(await isWhole(storage, after)).toBe(true);
    disk.powerCut("nothing");
    expect(await make().open(identity)).toEqual(after);
    expect(events).toEqual([]);
  });

  test("on a disk that is really full: the space comes back at the first write that failed", async () => {
    const { disk, make } = setUp();
    const storage = make();
    await storage.open(identity);
    const before = await save(storage, 20, 5000);
    disk.setCapacity(disk.usedBytes() + 1000);
    const used = disk.usedBytes();
    const sink = await storage.create(positionAt(30));
    await sink.write(dataAt(30, 900));
    const failed = await sink.write(dataAt(30, 900)).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "SNAPSHOT_WRITE_FAILED", cause: { code: "ENOSPC" } });
    expect(disk.usedBytes()).toBe(used);
    await expect(sink.write(dataAt(30, 1))).rejects.toBe(failed);
    await expect(sink.commit()).rejects.toBe(failed);
    await sink.abort();
    expect(await isWhole(storage, before)).toBe(true);
    expect((await save(storage, 40, 100)).index).toBe(40);
  });

  test("a sync that failed is not tried again, though it would work", async () => {
    const { disk, make } = setUp();
    const storage = make();
    await storage.open(identity);
    disk.setFault(failOnce("datasync", "EIO", ".tmp"));
    const sink = await storage.create(positionAt(20));
    await sink.write(dataAt(20, 100));
    await expect(sink.commit()).rejects.toMatchObject({ code: "SNAPSHOT_WRITE_FAILED" });
    await expect(sink.commit()).rejects.toMatchObject({ code: "SNAPSHOT_SINK_ENDED" });
  });
});

describe("a file that can't be removed", () => {
  test("is reported, costs nothing else, and goes with the next opening", async () => {
    const { disk, make, files, events } = setUp();
    const storage = make();
    await storage.open(identity);
    await save(storage, 20);
    disk.setFault(({ type }) =>
      type === "unlink" ? { type: "error", code: "EACCES" } : undefined,
    );
    await save(storage, 30);
    await (await storage.create(positionAt(40))).abort();
    const failure = { type: "backgroundFailed", task: "removeSnapshot", error: { code: "EACCES" } };
    expect(events).toMatchObject([failure, failure]);
    expect(files()).toHaveLength(3);
    await storage.close();
    disk.setFault(undefined);
    expect((await storage.open(identity))?.index).toBe(30);
    expect(files()).toHaveLength(1);
  });
});

describe("a damaged snapshot", () => {
  test("whose description can't be read is none, is kept aside, and told of once", async () => {
    const { disk, make, files, events } = setUp();
    const storage = make();
    await storage.open(identity);
    await save(storage, 20);
    await storage.close();
    const [file = ""] = files();
    const content = disk.files().get(file) ?? new Uint8Array();
    disk.flip(file, content.length - 40, 1);
    const damaged = disk.files().get(file);
    expect(await storage.open(identity)).toBeUndefined();
    const keptIn = file.replace(".snap", ".damaged");
    expect(files()).toEqual([keptIn]);
    expect(disk.files().get(keptIn)).toEqual(damaged);
    const problem = "the checksum of its description is wrong";
    expect(events).toEqual([{ type: "snapshotDamaged", file, keptIn, problem }]);
    disk.powerCut("nothing");
    const again = make();
    expect(await again.open(identity)).toBeUndefined();
    expect(events).toHaveLength(1);
    const { snapshotId } = await save(again, 10); // there is no newer one any more
    expect(file).not.toContain(snapshotId);
    expect(files()).toEqual([keptIn, `${folder}/snapshot-${snapshotId}.snap`]);
  });

  test("one flipped bit in any byte behind its data: it is none, and the storage opens", async () => {
    const { disk, make, files } = setUp();
    const storage = make();
    await storage.open(identity);
    await save(storage, 20, 300);
    await storage.close();
    const [file = ""] = files();
    const content = disk.files().get(file) ?? new Uint8Array();
    expect(content.length).toBeGreaterThan(500);
    for (let at = 300; at < content.length; at++) {
      disk.flip(file, at, 1 << (at % 8));
      expect(await storage.open(identity), `byte ${at}`).toBeUndefined();
      await storage.close();
      for (const path of files()) disk.tamper(path, undefined);
      disk.tamper(file, content);
    }
  });

  test.each([
    ["an empty file", () => new Uint8Array()],
    ["shorter than its end", (content: Uint8Array) => content.subarray(-31)],
    ["cut off", (content: Uint8Array) => content.subarray(0, -1)],
    ["without its first byte", (content: Uint8Array) => content.subarray(1)],
    ["zeros", (content: Uint8Array) => new Uint8Array(content.length)],
    ["with a byte behind", (content: Uint8Array) => Buffer.concat([content, Buffer.alloc(1)])],
  ])("%s: the older one is the newest", async (_, change) => {
    const { disk, make, files, events } = setUp();
    const storage = make();
    await storage.open(identity);
    const old = await save(storage, 20);
    await storage.openReader(old.snapshotId);
    await save(storage, 30);
    const both = disk.files();
    await storage.close();
    for (const [path, content] of both) disk.tamper(path, content);
    const [, second = ""] = files(".snap");
    disk.tamper(second, change(both.get(second) ?? new Uint8Array()));
    expect(await storage.open(identity)).toEqual(old);
    expect(events).toMatchObject([{ type: "snapshotDamaged", file: second }]);
    expect(await isWhole(storage, old)).toBe(true);
  });

  test("of which the disk can't read the description is damaged; without a descriptor the opening fails", async () => {
    const { disk, make, files, events } = setUp();
    const storage = make();
    await storage.open(identity);
    await save(storage, 20);
    await storage.close();
    disk.setFault(failOnce("open", "EMFILE", ".snap"));
    await expect(storage.open(identity)).rejects.toMatchObject({ code: "STORAGE_WRITE_FAILED" });
    expect(files(".snap")).toHaveLength(1);
    disk.setFault(failOnce("read", "EIO", ".snap"));
    expect(await storage.open(identity)).toBeUndefined();
    expect(events).toMatchObject([{ problem: "the disk can't read it (EIO)" }]);
  });

  test("whose data is damaged or can't be read: the crc tells, or the read says so", async () => {
    const { disk, make, files } = setUp();
    const storage = make();
    await storage.open(identity);
    await save(storage, 20);
    await storage.close();
    disk.flip(files()[0] ?? "", 100, 4);
    const meta = await storage.open(identity);
    if (meta === undefined) throw new Error("there is no snapshot");
    expect(crc32(await readAll(storage, meta))).not.toBe(meta.crc);
    disk.setFault(failOnce("read", "EIO", ".snap"));
    await expect(readAll(storage, meta)).rejects.toMatchObject({ code: "SNAPSHOT_READ_FAILED" });
    disk.setFault(failOnce("open", "EMFILE", ".snap"));
    await expect(storage.openReader(meta.snapshotId)).rejects.toMatchObject({
      code: "SNAPSHOT_READ_FAILED",
    });
  });

  test("of a later format is refused, by number, and nothing is changed", async () => {
    const { disk, make, files } = setUp();
    const storage = make();
    await storage.open(identity);
    await save(storage, 20);
    await storage.close();
    const [file = ""] = files();
    const content = Buffer.from(disk.files().get(file) ?? []);
    const footer = content.subarray(-32);
    footer.writeUInt32LE(3, 8);
    footer.writeUInt32LE(crc32(footer.subarray(0, 28)), 28);
    disk.tamper(file, content);
    disk.tamper(`${folder}/snapshot-0000000009-00000000.tmp`, new Uint8Array(5));
    const before = disk.files();
    await expect(storage.open(identity)).rejects.toMatchObject({
      code: "UNSUPPORTED_FORMAT",
      message: expect.stringContaining("format 3"),
    });
    expect(disk.files()).toEqual(before);
  });
});

test("another's snapshots are refused before anything is changed, leftovers included", async () => {
  const { disk, make, events } = setUp();
  const storage = make();
  await storage.open(identity);
  await save(storage, 20);
  await storage.close();
  disk.tamper(`${folder}/snapshot-0000000009-00000000.tmp`, new Uint8Array(5));
  disk.tamper(`${folder}/snapshot-0000000008-00000000.snap`, new Uint8Array(5));
  const before = disk.files();
  for (const other of [{ clusterId: "green" }, { nodeId: "n2" }]) {
    await expect(storage.open({ ...identity, ...other })).rejects.toMatchObject({
      code: "WRONG_IDENTITY",
    });
  }
  expect(disk.files()).toEqual(before);
  expect(events).toEqual([]);
  expect(await storage.open({ ...identity, codec: "msgpack" })).toMatchObject({ index: 20 });
});

test("log and snapshots share a directory; each has one owner at a time", async () => {
  const { disk } = setUp();
  const options = { directory, fileSystem: disk.boot(), random: seeded(1) };
  const log = createFileLog({ ...options, segmentBytes: 8192 });
  const [snapshots, second] = [createFileSnapshots(options), createFileSnapshots(options)];
  await expect(snapshots.create(positionAt(1))).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
  await expect(snapshots.openReader("x")).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
  await snapshots.open(identity);
  await log.open(identity);
  await expect(second.open(identity)).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  await expect(snapshots.open(identity)).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  const meta = await save(snapshots, 20);
  await log.write([append(1, 1, "a")]);
  await log.close();
  await expect(second.open(identity)).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  await snapshots.close();
  expect(await second.open(identity)).toEqual(meta);
  await log.open(identity);
  expect(await isWhole(second, meta)).toBe(true);
});

test("the lock is held until a commit that is under way has ended", async () => {
  const { disk, make } = setUp();
  const fileSystem = disk.boot();
  let sync = (): void => {};
  const synced = new Promise<void>((resolve) => (sync = resolve));
  const storage = make({
    ...fileSystem,
    async open(path, mode) {
      const handle = await fileSystem.open(path, mode);
      return { ...handle, datasync: () => synced.then(() => handle.datasync()) };
    },
  });
  await storage.open(identity);
  const commit = (await storage.create(positionAt(20))).commit();
  const closed = storage.close();
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  await expect(make().open(identity)).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  sync();
  await closed;
  expect(await make().open(identity)).toEqual(await commit);
});

test("closing waits for the commit under way, ends the rest, and only then lets others in", async () => {
  const { make, files } = setUp();
  const storage = make();
  await storage.open(identity);
  const [sink, other] = [
    await storage.create(positionAt(20)),
    await storage.create(positionAt(30)),
  ];
  await sink.write(dataAt(20, 500));
  await other.write(dataAt(30, 500));
  const [creating, commit] = [storage.create(positionAt(40)), sink.commit()];
  const closed = storage.close();
  await expect(storage.open(identity)).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  await closed;
  const meta = await commit;
  await expect(other.commit()).rejects.toMatchObject({ code: "SNAPSHOT_SINK_ENDED" });
  await expect((await creating).write(dataAt(40, 1))).rejects.toMatchObject({
    code: "SNAPSHOT_SINK_ENDED",
  });
  expect(files(".tmp")).toEqual([]);
  expect(await storage.open(identity)).toEqual(meta);
  const reader = await storage.openReader(meta.snapshotId);
  await storage.close();
  await expect(reader.read(0, 10)).rejects.toMatchObject({ code: "SNAPSHOT_READER_CLOSED" });
  await reader.close();
});

test("a commit below the newest index is refused and leaves nothing; at the same index it wins", async () => {
  const { make, files } = setUp();
  const storage = make();
  await storage.open(identity);
  const late = await storage.create(positionAt(19));
  await save(storage, 20);
  const left = files(".snap");
  await expect(late.commit()).rejects.toMatchObject({ code: "SNAPSHOT_OUTDATED" });
  expect(files()).toEqual(left);
  const again = await save(storage, 20, 30);
  await storage.close();
  expect(await storage.open(identity)).toEqual(again);
});
