// Snapshots in the runtime: when they are taken, and what becomes of one that fails.
import { expect, onTestFinished, test } from "vitest";
import type { NodeEvents } from "raftkit";
import { createNode, SnapshotFailed } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import { partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";
import { createTestSnapshots } from "./support/snapshots.js";
import { start, restart, one, propose, passes, ENTRY } from "./support/keepers.js";

test("one on request holds everything applied by now, and the log begins behind it", async () => {
  const world = await start(1, { maxLogBytes: 120 * ENTRY });
  const kept = one(world);
  const told: NodeEvents["snapshot"][] = [];
  kept.node.on("snapshot", (event) => told.push(event));
  await propose(world, kept, 50);
  const taken = await world.clock.outcome(kept.node.snapshot());
  expect(taken).toMatchObject({ index: 52, term: 2 });
  expect(told).toEqual([{ ...taken, origin: "own" }]);
  await world.clock.until(() => kept.node.status().baseIndex > 0, "compaction");
  expect(kept.node.status()).toMatchObject({
    snapshot: { index: 52, bytes: taken.bytes },
    lastIndex: 52,
  });
  world.clock.stall(0.4);
  expect(kept.node.status().snapshot?.ageMs).toSatisfy(Number.isInteger);
  // Nothing was applied since: the same one.
  expect(await world.clock.outcome(kept.node.snapshot())).toEqual(taken);
  expect(kept.snapshots.calls.filter((call) => call === "commit")).toHaveLength(1);
});

test("by itself when the log has grown, never two at once, and the log stays within its bound", async () => {
  const world = await start(1, { maxLogBytes: 100 * ENTRY, snapshotAfterBytes: 20 * ENTRY });
  const kept = one(world);
  for (let i = 0; i < 30; i++) {
    await propose(world, kept, 10);
    expect(kept.node.status().logBytes).toBeLessThan(100 * ENTRY);
  }
  await world.clock.until(() => kept.node.status().baseIndex > 250, "the last snapshot");
  const calls = kept.snapshots.calls.filter((call) => call === "create" || call === "commit");
  expect(calls.length).toBeGreaterThan(8);
  expect(calls.every((call, i) => call === (i % 2 === 0 ? "create" : "commit"))).toBe(true);
  expect(kept.snapshots.readers).toBe(0);
});

test.each([
  [0, 40],
  [0.999, 21],
])(
  "a draw of %d makes the first one due at %i entries, so that nodes don't write theirs at once; later ones wait for the whole growth",
  async (draw, first) => {
    const world = await start(1, { snapshotAfterBytes: 40 * ENTRY, random: () => draw });
    const kept = one(world);
    const taken: number[] = [];
    kept.node.on("snapshot", ({ index }) => taken.push(index));
    for (let i = 0; i < 140; i++) {
      await propose(world, kept, 1);
      await passes(world, 20);
    }
    const gaps = taken.slice(1).map((index, i) => index - (taken[i] ?? 0));
    expect(taken[0]).toBeGreaterThanOrEqual(first - 2);
    expect(taken[0]).toBeLessThanOrEqual(first + 2);
    expect(gaps.length).toBeGreaterThanOrEqual(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(39);
  },
);

test("what wasn't applied when a snapshot was captured counts for the next one: the log never stays full", async () => {
  const world = await start(1, { maxLogBytes: 10 * 1000 });
  const kept = one(world);
  const large = "x".repeat(4000);
  // Two are applied one after the other: the first one's end lets a snapshot be taken.
  let release = (): void => {};
  kept.machine.applying = () => new Promise((resolve) => (release = resolve));
  const both = [kept.node.propose(large), kept.node.propose(large)];
  await world.clock.until(() => kept.node.status().commitIndex === 4, "their commit");
  await passes(world, 10);
  release();
  await passes(world, 10);
  kept.machine.applying = () => undefined;
  release();
  await world.clock.outcome(Promise.all(both));
  for (let i = 0; i < 20; i++) {
    await world.clock.outcome(kept.node.propose(large));
    await passes(world, 10);
  }
});

test("captured between two entries, while those behind it go on being applied", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 3);
  let release = (): void => {};
  kept.snapshots.writing = () => new Promise((resolve) => (release = resolve));
  const taking = kept.node.snapshot();
  await world.clock.until(() => kept.snapshots.calls.includes("write"), "the first piece");
  kept.snapshots.writing = () => Promise.resolve();
  await propose(world, kept, 3);
  release();
  expect(await world.clock.outcome(taking)).toMatchObject({ index: 5 });
  await restart(kept);
  expect(kept.machine.restored).toEqual([{ index: 5, term: 2 }]);
  expect(kept.machine.commands).toHaveLength(3);
  await world.clock.until(() => kept.machine.commands.length === 6, "the rest from the log");
});

test("an apply under way is waited for: no half of it is captured", async () => {
  const world = await start(1);
  const kept = one(world);
  let release = (): void => {};
  kept.machine.applying = () => new Promise((resolve) => (release = resolve));
  let captures = 0;
  kept.machine.capturing = () => captures++;
  const proposing = kept.node.propose("slow");
  await world.clock.until(() => kept.node.status().commitIndex === 3, "the commit");
  await passes(world, 10);
  const taking = kept.node.snapshot();
  await passes(world, 10);
  expect(captures).toBe(0);
  release();
  await world.clock.outcome(proposing);
  expect(await world.clock.outcome(taking)).toMatchObject({ index: 3 });
});

test.each(["create", "write", "commit", "openReader"] as const)(
  "a snapshot that fails at %s is reported and tried again, and costs nothing else",
  async (where) => {
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn: (_: object, message: string) => void warnings.push(message),
      error() {},
    };
    const world = await start(1, { logger, snapshotAfterBytes: 5 * ENTRY });
    const kept = one(world);
    kept.snapshots.fails = (call) => (call === where ? new Error("ENOSPC") : undefined);
    await propose(world, kept, 9);
    await world.clock.until(() => warnings.length > 0, "a warning");
    expect(warnings[0]).toMatch(
      /taking a snapshot failed: no snapshot was saved: ENOSPC.*retried in 1000 ms/,
    );
    const refused = await world.clock.outcome(
      kept.node.snapshot().catch((error: unknown) => error),
    );
    expect(refused).toBeInstanceOf(SnapshotFailed);
    expect(kept.node.status()).toMatchObject({ state: "running", baseIndex: 0, snapshot: null });
    kept.snapshots.fails = () => undefined;
    await world.clock.until(() => kept.node.status().snapshot !== null, "the next attempt");
    expect(kept.snapshots.readers).toBe(0);
  },
);

test("a state machine that can't be captured costs the snapshot only", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 2);
  kept.machine.capturing = () => {
    throw new Error("not now");
  };
  const error = await world.clock.outcome(kept.node.snapshot().catch((caught: unknown) => caught));
  expect(String(error)).toMatch(/no snapshot was saved: not now/);
  await propose(world, kept, 1);
});

test("without a storage for them, or without the machine's functions, there are none", async () => {
  const clock = createVirtualClock();
  const { options } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
  const node = await createNode(options);
  onTestFinished(() => clock.outcome(node.close()));
  await expect(node.snapshot()).rejects.toThrow(/keeps no snapshots: give createNode the option/);
  const snapshots = createTestSnapshots();
  await expect(
    createNode({ ...options, storage: { ...options.storage, snapshots } }),
  ).rejects.toThrow(
    /stateMachine \(storage.snapshots is given\): given one without snapshot, restore/,
  );
});

test("close ends a snapshot that is being written, and one that can't begin", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 30);
  let release = (): void => {};
  kept.snapshots.writing = () => new Promise((resolve) => (release = resolve));
  const taking = kept.node.snapshot().catch((error: unknown) => error);
  await world.clock.until(() => kept.snapshots.calls.includes("write"), "the first piece");
  const closing = kept.node.close();
  release();
  await world.clock.outcome(closing);
  expect(String(await taking)).toMatch(/the node ended before its snapshot was saved/);
  expect(kept.snapshots.calls.slice(-2)).toEqual(["abort", "close"]);
  expect(kept.snapshots.newest).toBeUndefined();
});

test("a snapshot that is asked for while the node ends, or later, is refused", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 3);
  let release = (): void => {};
  kept.snapshots.writing = () => new Promise((resolve) => (release = resolve));
  const take = (): Promise<unknown> => kept.node.snapshot().catch((error: unknown) => error);
  const taking = [take()];
  await world.clock.until(() => kept.snapshots.calls.includes("write"), "the first piece");
  await propose(world, kept, 1);
  taking.push(take());
  const closing = kept.node.close();
  release();
  await world.clock.outcome(closing);
  taking.push(take());
  for (const outcome of await world.clock.outcome(Promise.all(taking))) {
    expect(outcome).toBeInstanceOf(SnapshotFailed);
  }
});

test("one on request that fails leaves the next one as due as it was: the log never stays full", async () => {
  const world = await start(1, { maxLogBytes: 100 * ENTRY });
  const kept = one(world);
  for (let i = 0; i < 4; i++) {
    kept.snapshots.fails = (call) => (call === "commit" ? new Error("ENOSPC") : undefined);
    await propose(world, kept, 24);
    const taking = kept.node.snapshot().catch((error: unknown) => error);
    expect(await world.clock.outcome(taking)).toBeInstanceOf(SnapshotFailed);
  }
  kept.snapshots.fails = () => undefined;
  await passes(world, 5000);
  await propose(world, kept, 20);
});

test("what can't be read back as it was written doesn't take the log's place", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 50);
  // The disk changes a byte with the commit.
  kept.snapshots.fails = (call) => {
    if (call === "openReader") kept.snapshots.damage();
    return undefined;
  };
  const error = await world.clock.outcome(kept.node.snapshot().catch((caught: unknown) => caught));
  expect(error).toBeInstanceOf(SnapshotFailed);
  expect(String(error)).toMatch(/is damaged: its \d+ bytes have the CRC/);
  expect(kept.node.status()).toMatchObject({ snapshot: null, baseIndex: 0 });
});

test("the state is that of the index, however late its storage takes it", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 3);
  let release = (): void => {};
  const create = kept.snapshots.create.bind(kept.snapshots);
  const gate = new Promise<void>((resolve) => (release = resolve));
  kept.snapshots.create = async (position) => {
    await gate;
    return create(position);
  };
  const taking = kept.node.snapshot();
  await passes(world, 10);
  await propose(world, kept, 3);
  release();
  expect(await world.clock.outcome(taking)).toMatchObject({ index: 5 });
  await restart(kept);
  expect(kept.machine.commands).toHaveLength(3);
});

test("a large state isn't written again before the log has grown by as much", async () => {
  const world = await start(1, { snapshotAfterBytes: 5 * ENTRY, maxLogBytes: 10_000 * ENTRY });
  const kept = one(world);
  const told: number[] = [];
  kept.node.on("snapshot", ({ bytes }) => told.push(bytes));
  await world.clock.outcome(kept.node.propose("x".repeat(100 * ENTRY)));
  await world.clock.until(() => told.length === 1, "the first snapshot");
  await propose(world, kept, 90);
  await passes(world, 10);
  expect(told).toHaveLength(1);
  await propose(world, kept, 30);
  await world.clock.until(() => told.length === 2, "the next one");
  expect(told[0]).toBeGreaterThan(100 * ENTRY);
});

test("one on request is a new one, unless the newest holds all that was applied", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 3);
  const first = await world.clock.outcome(kept.node.snapshot());
  expect(await world.clock.outcome(kept.node.snapshot())).toEqual(first);
  await propose(world, kept, 1);
  expect(await world.clock.outcome(kept.node.snapshot())).toMatchObject({ index: 6 });
  expect(kept.snapshots.calls.filter((call) => call === "commit")).toHaveLength(2);
});

test("two are never written at once, whoever asks", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 3);
  let [writing, most] = [0, 0];
  kept.snapshots.writing = async () => {
    most = Math.max(most, ++writing);
    await new Promise<void>((resolve) => void world.clock.schedule(world.clock.now() + 5, resolve));
    writing--;
  };
  const taking: Promise<unknown>[] = [kept.node.snapshot()];
  await propose(world, kept, 1);
  taking.push(kept.node.snapshot(), kept.node.snapshot());
  await world.clock.outcome(Promise.all(taking));
  expect([most, kept.snapshots.newest?.index]).toEqual([1, 6]);
});

test("one that fails is tried again after pauses that double, not at once", async () => {
  const world = await start(1, { snapshotAfterBytes: 5 * ENTRY });
  const kept = one(world);
  const tries: number[] = [];
  kept.snapshots.fails = (call) => {
    if (call !== "create") return undefined;
    tries.push(world.clock.now());
    return new Error("ENOSPC");
  };
  await propose(world, kept, 9);
  await passes(world, 500);
  // The log grows on meanwhile.
  await propose(world, kept, 9);
  await passes(world, 7_500);
  const [first = 0, ...others] = tries;
  expect(others.map((time) => time - first)).toEqual([1_000, 3_000, 7_000]);
});

test("what is applied while one is written counts for the next one: the log never stays full", async () => {
  const world = await start(1, { maxLogBytes: 100 * ENTRY });
  const kept = one(world);
  let release = (): void => {};
  kept.snapshots.writing = () => new Promise((resolve) => (release = resolve));
  await propose(world, kept, 50);
  await world.clock.until(() => kept.snapshots.calls.includes("write"), "the first one");
  kept.snapshots.writing = () => Promise.resolve();
  await propose(world, kept, 40);
  release();
  await world.clock.until(() => kept.node.status().snapshot !== null, "its end");
  for (let i = 0; i < 60; i++) {
    await propose(world, kept, 1);
    await passes(world, 10);
  }
});
