import type { LogOperation, LogStorage } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import { expect, test } from "vitest";
import { createLogLane } from "../src/log-lane.js";

/** A storage whose writes end when the test says so. */
function heldStorage(): {
  readonly storage: LogStorage;
  readonly writes: (readonly LogOperation[])[];
  readonly release: () => void;
} {
  const writes: (readonly LogOperation[])[] = [];
  let release: (() => void) | undefined;
  return {
    writes,
    release: () => release?.(),
    storage: {
      open: () => Promise.reject(new Error("unused")),
      write: (operations) =>
        new Promise((resolve) => {
          writes.push(operations);
          release = resolve;
        }),
      close: () => Promise.resolve(),
    },
  };
}

const append = (firstIndex: number, bytes: number): LogOperation => ({
  type: "append",
  run: encodeRun(firstIndex, 1, EntryKind.command, [new Uint8Array(bytes)]),
});

test("what comes while a write is under way is the next write, in order, up to 16 MiB", async () => {
  const { storage, writes, release } = heldStorage();
  const persisted: number[] = [];
  const lane = createLogLane(
    storage,
    (seq) => persisted.push(seq),
    (error) => {
      throw error;
    },
  );
  for (let seq = 1; seq <= 6; seq++) lane.push(seq, [append(seq, 6 * 2 ** 20)]);
  const indexes = (): number[][] =>
    writes.map((operations) =>
      operations.map((operation) => (operation.type === "append" ? operation.run.firstIndex : 0)),
    );
  const ended = async (count: number): Promise<void> => {
    release();
    await expect.poll(() => persisted.length).toBe(count);
  };
  await ended(1);
  await ended(2);
  await ended(3);
  expect(indexes()).toEqual([[1], [2, 3, 4], [5, 6]]);
  expect(persisted).toEqual([1, 4, 6]);
});

test("after a write that failed nothing is written, whatever comes: the error is told once", async () => {
  const errors: unknown[] = [];
  const persisted: number[] = [];
  const writes: (readonly LogOperation[])[] = [];
  let fail = (_error: Error): void => {};
  const storage: LogStorage = {
    open: () => Promise.reject(new Error("unused")),
    write: (operations) =>
      new Promise((_, reject) => {
        writes.push(operations);
        fail = reject;
      }),
    close: () => Promise.resolve(),
  };
  const lane = createLogLane(
    storage,
    (seq) => persisted.push(seq),
    (error) => errors.push(error),
  );
  lane.push(1, [append(1, 1)]);
  lane.push(2, [append(2, 1)]);
  const refused = new Error("no space left");
  fail(refused);
  await expect.poll(() => errors).toEqual([refused]);
  lane.push(3, [append(3, 1)]);
  await new Promise<void>((resume) => void setImmediate(resume));
  expect(writes).toHaveLength(1);
  expect(persisted).toEqual([]);
  expect(errors).toEqual([refused]);
});

test("a number is vouched for only when its own write and all before it have ended", async () => {
  const { storage, writes, release } = heldStorage();
  /** What each number needs on disk, and what is there. */
  const pushed: { readonly seq: number; readonly index: number }[] = [];
  let durable = 0;
  const vouched: number[] = [];
  const lane = createLogLane(
    storage,
    (seq) => {
      vouched.push(seq);
      const missing = pushed.filter((one) => one.seq <= seq && one.index > durable);
      expect(missing).toEqual([]);
    },
    (error) => {
      throw error;
    },
  );
  let index = 0;
  const push = (bytes: number): void => {
    pushed.push({ seq: pushed.length + 1, index: ++index });
    lane.push(index, [append(index, bytes)]);
  };
  const finish = async (): Promise<void> => {
    const written = writes.at(-1)?.at(-1);
    durable = written?.type === "append" ? written.run.firstIndex : durable;
    const before = vouched.length;
    release();
    await expect.poll(() => vouched.length).toBe(before + 1);
  };
  // Small ones, some that fill a write exactly, one that is larger; more come during each write.
  push(1);
  for (const bytes of [8 * 2 ** 20, 8 * 2 ** 20, 1, 17 * 2 ** 20, 1, 1]) push(bytes);
  for (let round = 0; vouched.at(-1) !== index; round++) {
    if (round < 3) push(1);
    await finish();
  }
  expect(vouched).toEqual([...vouched].sort((a, b) => a - b));
  expect(durable).toBe(index);
});
