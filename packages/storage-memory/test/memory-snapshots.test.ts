// What is particular to snapshots in memory: their errors, what they hold, bytes in pieces of any
// size. The rest is in conformance.test.ts.
import { crc32 } from "node:zlib";
import { createMemorySnapshots } from "@raftkit/storage-memory";
import { expect, test } from "vitest";

const identity = { clusterId: "blue", nodeId: "n1", codec: "json" };
const at = (index: number) => ({
  index,
  term: 1,
  configuration: { clusterInstance: "", voters: [], learners: [], outgoing: [] },
  configurationIndex: 1,
});

test("bytes that came in pieces of any size are read from any offset, with the crc of the whole", async () => {
  const snapshots = createMemorySnapshots();
  await snapshots.open(identity);
  const all = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) % 256);
  const sink = await snapshots.create(at(1));
  for (let from = 0, size = 0; from < all.length; from += size, size++) {
    await sink.write(all.subarray(from, from + size));
    if (size === 3) await sink.write(new Uint8Array());
  }
  const { snapshotId, bytes, crc } = await sink.commit();
  expect([bytes, crc]).toEqual([100, crc32(all)]);
  const reader = await snapshots.openReader(snapshotId);
  for (let from = 0; from <= 100; from++) {
    for (const maxBytes of [1, 5, 99, 1000]) {
      expect(await reader.read(from, maxBytes)).toEqual({
        data: all.slice(from, from + maxBytes),
        done: from + maxBytes >= 100,
      });
    }
  }
});

test("what is below the newest index is refused, at the same index it takes its place", async () => {
  const snapshots = createMemorySnapshots();
  await snapshots.open(identity);
  await (await snapshots.create(at(20))).commit();
  await expect((await snapshots.create(at(19))).commit()).rejects.toMatchObject({
    code: "SNAPSHOT_OUTDATED",
  });
  const again = await (await snapshots.create(at(20))).commit();
  await snapshots.close();
  expect(await snapshots.open(identity)).toEqual(again);
});

test.each([
  ["clusterId", "green"],
  ["nodeId", "n2"],
] as const)("refuses another %s", async (key, value) => {
  const snapshots = createMemorySnapshots();
  await snapshots.open(identity);
  await snapshots.close();
  await expect(snapshots.open({ ...identity, [key]: value })).rejects.toMatchObject({
    code: "WRONG_IDENTITY",
    message: expect.stringContaining(value),
  });
  expect(await snapshots.open({ ...identity, codec: "msgpack" })).toBeUndefined(); // no part of it
});

test("sinks and readers end with the opening that they belong to; a second opening is refused", async () => {
  const snapshots = createMemorySnapshots();
  await expect(snapshots.create(at(1))).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
  await expect(snapshots.openReader("1")).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
  await snapshots.open(identity);
  await expect(snapshots.open(identity)).rejects.toMatchObject({ code: "STORAGE_IN_USE" });
  const { snapshotId } = await (await snapshots.create(at(1))).commit();
  const [sink, reader] = [await snapshots.create(at(2)), await snapshots.openReader(snapshotId)];
  await snapshots.close();
  await snapshots.open(identity);
  await expect(sink.commit()).rejects.toMatchObject({ code: "SNAPSHOT_SINK_ENDED" });
  await expect(reader.read(0, 1)).rejects.toMatchObject({ code: "SNAPSHOT_READER_CLOSED" });
  const other = await snapshots.openReader(snapshotId);
  await reader.close(); // of the opening before: it pins nothing any more
  await (await snapshots.create(at(3))).commit();
  expect((await other.read(0, 1)).done).toBe(true);
  await other.close();
  await expect(snapshots.openReader(snapshotId)).rejects.toMatchObject({
    code: "SNAPSHOT_UNKNOWN",
  });
});
