// What opening holds in memory: the entries once, in few pieces, and a piece of a file.
import { createFileLog } from "@raftkit/storage-file";
import type { FileSystem } from "@raftkit/storage-file";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { expect, test } from "vitest";
import { appendBytes, contentOf, identity, Model, seeded } from "./support/logs.js";

const MIB = 1024 * 1024;
const options = { directory: "/data", segmentBytes: 4 * MIB };

/** Notes how much is read at once. */
function noting(fileSystem: FileSystem, reads: number[]): FileSystem {
  return {
    ...fileSystem,
    async open(path, mode) {
      const handle = await fileSystem.open(path, mode);
      return {
        ...handle,
        read(into, position) {
          reads.push(into.length);
          return handle.read(into, position);
        },
      };
    },
  };
}

test.each([
  ["small entries", 2000, [900, 30, 0, 1500]],
  ["entries that don't share memory", 40, [70_000, 200_000]],
  ["small ones among large ones", 60, [100, 66_000, 64_000, 5]],
  ["one that is larger than a piece", 3, [3 * MIB, 10]],
])("%s", async (_, writes, sizes) => {
  const disk = createSimulatedDisk({ random: seeded(1) });
  const model = new Model();
  const log = createFileLog({ ...options, fileSystem: disk.boot() });
  await log.open(identity);
  for (let i = 0; i < writes; i++) {
    const operations = [appendBytes(model.lastIndex + 1, 1, ...sizes)];
    if (i % 10 === 9) operations.unshift({ type: "truncateFrom", index: model.lastIndex });
    const [first] = operations;
    if (first?.type === "truncateFrom") operations[1] = appendBytes(first.index, 1, ...sizes);
    await log.write(operations);
    model.apply(operations);
  }
  disk.kill();
  const reads: number[] = [];
  const again = createFileLog({ ...options, fileSystem: noting(disk.boot(), reads) });
  const opened = await again.open(identity);
  expect(contentOf(opened)).toBe(model.toString());
  const bytes = opened.entries.reduce((sum, run) => sum + run.bytes.length, 0);
  const held = new Set(opened.entries.map((run) => run.bytes.buffer));
  expect([...held].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(1.3 * bytes);
  expect(opened.entries.length).toBeLessThanOrEqual(writes);
  // Beyond a piece: the last frame, and what is behind it in the last segments.
  const largest = Math.max(...sizes);
  expect(reads.filter((length) => length > Math.max(MIB, largest + 1000)).length).toBeLessThan(4);
});
