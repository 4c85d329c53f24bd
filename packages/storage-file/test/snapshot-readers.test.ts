// What a reader pins, and when: from the call of `openReader` to the end of its `close`.
import type { FileSystem } from "@raftkit/storage-file";
import { expect, test } from "vitest";
import { identity } from "./support/logs.js";
import { dataAt, isWhole, positionAt, save, setUp } from "./support/snapshots.js";

interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

/** Opens and reads wait for their gates; a file that is closed gives nothing more. */
function gated(
  fileSystem: FileSystem,
  { opens, reads }: { opens: Promise<void>; reads: Promise<void> },
): FileSystem {
  return {
    ...fileSystem,
    async open(path, mode) {
      if (mode === "existing") await opens;
      const handle = await fileSystem.open(path, mode);
      let isClosed = false;
      return {
        ...handle,
        async read(into, position) {
          await reads;
          if (isClosed) throw new Error("EBADF: the file was closed");
          return handle.read(into, position);
        },
        async close() {
          isClosed = true;
          await handle.close();
        },
      };
    },
  };
}

test("a snapshot is pinned from the call on, not only when its file is open", async () => {
  const { disk, make } = setUp();
  const opens = gate();
  const storage = make(gated(disk.boot(), { opens: opens.passed, reads: Promise.resolve() }));
  await storage.open(identity);
  const old = await save(storage, 20);
  const opening = storage.openReader(old.snapshotId);
  await save(storage, 30);
  opens.open();
  const reader = await opening;
  expect((await reader.read(0, 700)).data).toEqual(Buffer.from(dataAt(20, 700)));
  await reader.close();
  await expect(storage.openReader(old.snapshotId)).rejects.toMatchObject({
    code: "SNAPSHOT_UNKNOWN",
  });
});

test("a close waits for the reads that are under way, and only then lets go of file and pin", async () => {
  const { disk, make, files } = setUp();
  const reads = gate();
  const storage = make(gated(disk.boot(), { opens: Promise.resolve(), reads: reads.passed }));
  await storage.open(identity);
  const { snapshotId } = await save(storage, 20);
  const reader = await storage.openReader(snapshotId);
  await save(storage, 30);
  const underWay = reader.read(0, 700);
  const closed = reader.close();
  await expect(reader.read(0, 1)).rejects.toMatchObject({ code: "SNAPSHOT_READER_CLOSED" });
  expect(files()).toHaveLength(2);
  reads.open();
  expect((await underWay).done).toBe(true);
  await closed;
  expect(files()).toHaveLength(1);
});

test("each reader pins for itself: the file stays until the last one is closed", async () => {
  const { make, files } = setUp();
  const storage = make();
  await storage.open(identity);
  const { snapshotId } = await save(storage, 20);
  const [one, other] = [await storage.openReader(snapshotId), await storage.openReader(snapshotId)];
  await save(storage, 30);
  await one.close();
  await one.close();
  expect(files()).toHaveLength(2);
  const third = await storage.openReader(snapshotId);
  await other.close();
  expect(files()).toHaveLength(2);
  expect((await third.read(0, 700)).data).toEqual(Buffer.from(dataAt(20, 700)));
  await third.close();
  expect(files()).toHaveLength(1);
});

test("a reader that can't be opened pins nothing", async () => {
  const { disk, make, files } = setUp();
  const storage = make();
  await storage.open(identity);
  const { snapshotId } = await save(storage, 20);
  disk.setFault(({ type }) => (type === "open" ? { type: "error", code: "EMFILE" } : undefined));
  await expect(storage.openReader(snapshotId)).rejects.toMatchObject({
    code: "SNAPSHOT_READ_FAILED",
  });
  disk.setFault(undefined);
  await save(storage, 30);
  expect(files()).toHaveLength(1);
});

test("of two files the one with the higher index is the newest, whichever was begun later", async () => {
  const { disk, make } = setUp();
  const storage = make();
  await storage.open(identity);
  const first = await storage.create(positionAt(30));
  await storage.openReader((await save(storage, 20)).snapshotId);
  await first.write(dataAt(30, 500));
  const newest = await first.commit();
  disk.kill();
  const again = make();
  expect(await again.open(identity)).toEqual(newest);
  expect(await isWhole(again, newest)).toBe(true);
});

test("a question that can't be right is refused; at least a byte is given for any size", async () => {
  const { make } = setUp();
  const storage = make();
  await storage.open(identity);
  const reader = await storage.openReader((await save(storage, 20)).snapshotId);
  for (const offset of [-1, 0.5, Number.NaN, 701]) {
    await expect(reader.read(offset, 10)).rejects.toMatchObject({ code: "SNAPSHOT_OFFSET" });
  }
  for (const maxBytes of [0, -5, 1.7]) {
    expect((await reader.read(699, maxBytes)).data).toHaveLength(1);
  }
  expect(await reader.read(0, Infinity)).toMatchObject({ done: true });
});
