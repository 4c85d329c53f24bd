// Applying must not keep the event loop: heartbeats and waiting input come in between.
import { expect, test } from "vitest";
import { encodeRun, EntryKind } from "@raftkit/core";
import { createMachineLane } from "../src/machine-lane.js";
import { StateLock } from "../src/state-lock.js";
import { Read } from "../src/read.js";
import { Reads } from "../src/reads.js";
import { createVirtualClock } from "./support/clock.js";
import { createRecorder, jsonCodec } from "./support/cluster.js";

const noHashes = { onHash: () => {}, onHashFailed: () => {} };

test("commands that are slow to apply leave the event loop to others after 5 ms", async () => {
  const clock = createVirtualClock();
  const machine = createRecorder();
  machine.applying = () => clock.stall(4);
  const slices: number[] = [];
  const lane = createMachineLane(machine, jsonCodec, clock, 0, new StateLock(), {
    onResult: () => {},
    onSkipped: () => {},
    restore: () => Promise.resolve(),
    onRestored: () => {},
    onApplied: (index) => slices.push(index),
    ...noHashes,
    onError: (error) => expect.unreachable(String(error)),
  });
  lane.push([
    encodeRun(
      1,
      1,
      EntryKind.command,
      Array.from({ length: 100 }, () => jsonCodec.encode("a")),
    ),
  ]);
  await clock.until(() => lane.lastApplied === 100);
  expect(slices.slice(0, 3)).toEqual([2, 4, 6]);
});

test("what a slow apply gives after the stop is no result any more", async () => {
  const clock = createVirtualClock();
  const machine = createRecorder();
  let finish = (): void => {};
  machine.applying = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const results: number[] = [];
  const lane = createMachineLane(machine, jsonCodec, clock, 0, new StateLock(), {
    onResult: (index) => results.push(index),
    onSkipped: () => {},
    restore: () => Promise.resolve(),
    onRestored: () => {},
    onApplied: () => {},
    ...noHashes,
    onError: (error) => expect.unreachable(String(error)),
  });
  lane.push([encodeRun(1, 1, EntryKind.command, [jsonCodec.encode("a"), jsonCodec.encode("b")])]);
  await clock.flush();
  finish();
  await clock.flush();
  expect(results).toEqual([1]);
  const stopped = lane.stop();
  finish();
  await clock.outcome(stopped);
  expect(results).toEqual([1]);
  expect(lane.lastApplied).toBe(1);
});

test("a synchronous query of an idle machine is answered at once, without waiting for a turn", () => {
  const asked: string[] = [];
  const reads = new Reads(new StateLock());
  reads.add(
    new Read(
      () => asked.push("q"),
      () => {},
      () => {},
    ),
  );
  reads.onReady(reads.take()[0]?.id ?? 0, 7, 7);
  expect(asked).toEqual(["q"]);
});

test("a query waits until its index is applied, and not for the next one", () => {
  const asked: string[] = [];
  const reads = new Reads(new StateLock());
  for (const [query, index] of [
    ["q8", 8],
    ["q9", 9],
  ] as const) {
    reads.add(
      new Read(
        () => asked.push(query),
        () => {},
        () => {},
      ),
    );
    reads.onReady(reads.take()[0]?.id ?? 0, index, 7);
  }
  expect(asked).toEqual([]);
  reads.run(8);
  expect(asked).toEqual(["q8"]);
  reads.run(9);
  expect(asked).toEqual(["q8", "q9"]);
});

test.each([true, false, undefined])(
  "a machine gets views of the log's entries only if it borrows its commands: %s",
  async (borrowsCommands) => {
    const clock = createVirtualClock();
    const borrowed: (boolean | undefined)[] = [];
    const codec = {
      ...jsonCodec,
      decode: (bytes: Uint8Array, borrow?: boolean) => {
        borrowed.push(borrow);
        return jsonCodec.decode(bytes);
      },
    };
    const machine = { apply: () => "done", borrowsCommands };
    const lane = createMachineLane(machine, codec, clock, 0, new StateLock(), {
      onResult: () => {},
      onSkipped: () => {},
      restore: () => Promise.resolve(),
      onRestored: () => {},
      onApplied: () => {},
      ...noHashes,
      onError: (error) => expect.unreachable(String(error)),
    });
    lane.push([encodeRun(1, 1, EntryKind.command, [jsonCodec.encode("a")])]);
    await clock.until(() => lane.lastApplied === 1);
    expect(borrowed).toEqual([borrowsCommands === true]);
  },
);
