// Snapshots on their way, at both ends: what is read for followers, and what is written for the
// leader, one thing after another.
import type { Input, SnapshotPosition } from "@raftkit/core";
import { crc32 } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { SnapshotReceiver, SnapshotSender } from "../src/snapshot-transfer.js";
import { createTestSnapshots } from "./support/snapshots.js";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const at = (index: number): SnapshotPosition => ({
  index,
  term: 1,
  configuration: { clusterInstance: "cluster-instance-1", voters: [], learners: [], outgoing: [] },
  configurationIndex: 1,
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function receive() {
  const storage = createTestSnapshots();
  const told: Input[] = [];
  const failures: unknown[] = [];
  const receiver = new SnapshotReceiver(
    storage,
    (input) => void told.push(input),
    (error) => void failures.push(error),
  );
  const write = (install: number, offset: number, text: string): void =>
    receiver.write({
      type: "writeSnapshot",
      install,
      position: at(install),
      offset,
      data: bytes(text),
    });
  const commit = (install: number, announced: string): void => {
    const data = bytes(announced);
    receiver.commit({
      type: "commitSnapshot",
      install,
      position: at(install),
      bytes: data.length,
      crc: crc32(data),
    });
  };
  return { storage, told, failures, receiver, write, commit };
}

describe("a follower", () => {
  test("writes one part after another, and says of each up to where", async () => {
    const { storage, told, write, commit } = receive();
    const waiting: (() => void)[] = [];
    storage.writing = () => new Promise((resolve) => void waiting.push(resolve));
    write(7, 0, "ab");
    write(7, 2, "cd");
    commit(7, "abcd");
    await turn();
    expect([waiting.length, told]).toEqual([1, []]);
    waiting.shift()?.();
    await turn();
    expect(told).toEqual([{ type: "snapshotWritten", install: 7, offset: 2 }]);
    waiting.shift()?.();
    await turn();
    expect(told.slice(1)).toMatchObject([
      { type: "snapshotWritten", install: 7, offset: 4 },
      { type: "snapshotInstalled", install: 7, snapshot: { index: 7, bytes: 4 } },
    ]);
  });

  test.each([
    ["shorter", "abcde"],
    ["longer", "abc"],
    ["another one", "abce"],
  ])("refuses what is %s than was announced, and keeps nothing of it", async (_, announced) => {
    const { storage, told, write, commit } = receive();
    write(7, 0, "abcd");
    commit(7, announced);
    await turn();
    expect(told.at(-1)).toEqual({ type: "snapshotRefused", install: 7, reason: "damaged" });
    expect([storage.newest, storage.calls.at(-1)]).toEqual([undefined, "abort"]);
  });

  test("gives up an attempt when another one begins, and leaves nothing of it behind", async () => {
    const { storage, told, write, commit } = receive();
    write(7, 0, "ab");
    write(8, 0, "xy");
    commit(8, "xy");
    await turn();
    expect(storage.calls.filter((call) => call === "abort")).toHaveLength(1);
    expect(told.at(-1)).toMatchObject({ type: "snapshotInstalled", install: 8 });
  });

  test.each(["create", "write", "commit"] as const)(
    "whose storage fails at %s says so at once, once, and takes the next attempt",
    async (where) => {
      const { storage, told, failures, write, commit } = receive();
      storage.fails = (call) => (call === where ? new Error("ENOSPC") : undefined);
      write(7, 0, "ab");
      write(7, 2, "cd");
      commit(7, "abcd");
      await turn();
      const refusals = told.filter(({ type }) => type === "snapshotRefused");
      expect(refusals).toEqual([{ type: "snapshotRefused", install: 7, reason: "failed" }]);
      expect(failures).toHaveLength(1);
      storage.fails = () => undefined;
      write(8, 0, "ef");
      commit(8, "ef");
      await turn();
      expect(told.at(-1)).toMatchObject({ type: "snapshotInstalled", install: 8 });
    },
  );

  test("that ends waits for the part being written, and drops what it has", async () => {
    const { storage, told, receiver, write } = receive();
    let release = (): void => {};
    storage.writing = () => new Promise((resolve) => (release = resolve));
    write(7, 0, "ab");
    await turn();
    let isOver = false;
    const stopping = receiver.stop().then(() => (isOver = true));
    await turn();
    expect(isOver).toBe(false);
    release();
    await stopping;
    expect(storage.calls.at(-1)).toBe("abort");
    write(7, 2, "cd");
    await turn();
    expect(told.filter(({ type }) => type === "snapshotWritten")).toHaveLength(1);
  });
});

describe("a leader", () => {
  async function keep(
    storage: ReturnType<typeof createTestSnapshots>,
    index: number,
    text: string,
  ) {
    const sink = await storage.create(at(index));
    await sink.write(bytes(text));
    return (await sink.commit()).snapshotId;
  }

  test("sends each follower the snapshot of its attempt, and pins it until it is let go of", async () => {
    const storage = createTestSnapshots();
    const read: string[] = [];
    const sender = new SnapshotSender(
      storage,
      (input) => {
        if (input.type !== "snapshotRead") return;
        read.push(input.data ? new TextDecoder().decode(input.data) : "nothing");
      },
      () => {},
    );
    const ask = (snapshotId: string, attempt: number, offset: number): Promise<void> =>
      sender.read({ type: "readSnapshot", peer: "n2", attempt, snapshotId, offset, maxBytes: 2 });
    const first = await keep(storage, 5, "abcd");
    await ask(first, 1, 0);
    const second = await keep(storage, 9, "wxyz");
    // The first one is still there for whoever reads it.
    await ask(first, 1, 2);
    await ask(second, 2, 0);
    expect([read, storage.readers]).toEqual([["ab", "cd", "wx"], 1]);
    await ask(first, 3, 0);
    expect(read.at(-1)).toBe("nothing");
    await ask(second, 4, 2);
    sender.stop();
    await turn();
    expect([read.at(-1), storage.readers]).toEqual(["yz", 0]);
  });
});
