// When a node's next snapshot is due, on its own.
import { expect, onTestFinished, test } from "vitest";
import type { SnapshotMeta } from "@raftkit/core";
import { SnapshotTaker } from "../src/snapshot-taker.js";
import { createVirtualClock } from "./support/clock.js";
import { createTestSnapshots } from "./support/snapshots.js";

const snapshotAt = (index: number): SnapshotMeta => ({
  snapshotId: `${index}`,
  index,
  term: 1,
  configuration: { clusterInstance: "instance", voters: [], learners: [], outgoing: [] },
  configurationIndex: 1,
  bytes: 0,
  crc: 0,
});

test.each([
  ["ahead of it has grown since", 10, true],
  ["that it replaces hasn't", 5, false],
])("with the leader's snapshot at 5 a machine %s", (_, completeIndex, isDue) => {
  const clock = createVirtualClock();
  let captured = false;
  const taker = new SnapshotTaker(
    { storage: createTestSnapshots(), newest: undefined, grownBytes: 0 },
    {
      completeIndex,
      capture: () => (captured = true),
      positionAt: () => undefined,
      state: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject() }) }),
    },
    clock,
    { snapshotAfterBytes: 1500, maxLogBytes: 100_000, random: () => 0 },
    { onSaved: () => {}, onFailed: () => {} },
  );
  onTestFinished(() => taker.stop());
  taker.grew(10, 1000);
  taker.takeIfDue(10);
  taker.installed(snapshotAt(5));
  taker.grew(11, 600);
  taker.takeIfDue(11);
  expect(captured).toBe(isDue);
});
