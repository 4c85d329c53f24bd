// Snapshots in the runtime: when they are taken, how they get to others, and what a start finds.
import { onTestFinished, expect, test } from "vitest";
import type { NodeEvents, RaftNode } from "raftkit";
import {
  createNode,
  InvalidOption,
  OutcomeUnknown,
  SnapshotFailed,
  StateMachineFailed,
} from "raftkit";
import type { VirtualClock } from "./support/clock.js";
import { createVirtualClock } from "./support/clock.js";
import type { TestOptions } from "./support/cluster.js";
import { partsOf } from "./support/cluster.js";
import type { TestNetwork } from "./support/network.js";
import { createTestNetwork } from "./support/network.js";
import type { Keeper, TestSnapshots } from "./support/snapshots.js";
import { createKeeper, createTestSnapshots } from "./support/snapshots.js";
import type { TestLog } from "./support/storage.js";

type Node = RaftNode<string, number, string, string>;

interface Kept {
  readonly id: string;
  readonly log: TestLog;
  readonly snapshots: TestSnapshots;
  readonly options: TestOptions;
  machine: Keeper;
  node: Node;
}

interface World {
  readonly clock: VirtualClock;
  readonly network: TestNetwork;
  readonly all: readonly Kept[];
}

/** A node on what this one keeps. */
function openAgain(
  kept: Pick<Kept, "options">,
  machine: Keeper,
  more: Partial<TestOptions> = {},
): Promise<Node> {
  return createNode({ ...kept.options, stateMachine: machine, ...more });
}

/** `n1` leads; its no-op is applied everywhere. */
async function start(size: number, change: Partial<TestOptions> = {}): Promise<World> {
  const clock = createVirtualClock();
  const network = createTestNetwork(clock);
  const ids = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const all: Kept[] = [];
  for (const id of ids) {
    const { options: parts, log } = partsOf(clock, network, id, ids);
    const snapshots = createTestSnapshots();
    const machine = createKeeper();
    const options = { ...parts, ...change, storage: { log, snapshots } };
    all.push({ id, log, snapshots, options, machine, node: await openAgain({ options }, machine) });
  }
  onTestFinished(async () => {
    await clock.outcome(Promise.all(all.map(({ node }) => node.close())));
  });
  await clock.until(() => all.every(({ node }) => node.status().lastApplied >= 2), "a cluster");
  return { clock, network, all };
}

async function restart(kept: Kept, more: Partial<TestOptions> = {}): Promise<void> {
  await kept.node.close();
  kept.machine = createKeeper();
  kept.node = await openAgain(kept, kept.machine, more);
}

function one({ all: [first] }: World): Kept {
  if (!first) throw new Error("there is no node");
  return first;
}

async function propose({ clock }: World, { node }: Kept, count: number): Promise<void> {
  const proposals = Array.from({ length: count }, (_, i) => node.propose(`c${i}`));
  await clock.outcome(Promise.all(proposals));
}

async function passes({ clock }: World, ms: number): Promise<void> {
  const end = clock.now() + ms;
  await clock.until(() => clock.now() >= end, "the time");
}

/** Entries of two bytes and quotes count 260. */
const ENTRY = 260;

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
      /taking a snapshot failed: no snapshot was saved: ENOSPC.*again in 1000 ms/,
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

test("a follower that is too far behind gets the leader's, and goes on from there", async () => {
  const world = await start(3, { maxLogBytes: 100 * ENTRY, snapshotAfterBytes: 20 * ENTRY });
  const [leader, , behind] = world.all;
  if (!leader || !behind) throw new Error("three nodes");
  const told: string[] = [];
  behind.node.on("snapshot", ({ origin }) => told.push(origin));
  world.network.isolate(behind.id);
  for (let i = 0; i < 20; i++) await propose(world, leader, 10);
  await world.clock.until(() => leader.node.status().baseIndex > 100, "a compacted log");
  world.network.heal();
  await world.clock.until(() => behind.machine.commands.length === 200, "the follower");
  expect(told).toContain("leader");
  expect(behind.machine.restored).toHaveLength(1);
  expect(behind.node.status().baseIndex).toBeGreaterThan(100);
  await propose(world, leader, 3);
  await world.clock.until(() => behind.machine.commands.length === 203, "new entries");
  await world.clock.until(() => leader.snapshots.readers === 0, "the reader's end");
  expect(leader.node.status().peers.map(({ install }) => install)).toEqual([null, null]);
});

test("a proposal that a snapshot passes ends as unknown", async () => {
  const world = await start(3, { maxLogBytes: 100 * ENTRY, snapshotAfterBytes: 20 * ENTRY });
  const [leader, , behind] = world.all;
  if (!leader || !behind) throw new Error("three nodes");
  // Its own proposal is accepted; then it hears nothing until the entry is compacted away.
  behind.log.hold();
  const proposing = behind.node
    .propose("mine", { timeoutMs: Infinity })
    .catch((error: unknown) => error);
  await world.clock.until(() => leader.machine.commands.length === 1, "its commit");
  world.network.isolate(behind.id);
  behind.log.release();
  for (let i = 0; i < 20; i++) await propose(world, leader, 10);
  await world.clock.until(() => leader.node.status().baseIndex > 100, "a compacted log");
  await restartless(world, behind);
  const outcome = await world.clock.outcome(proposing);
  // It had the entry itself, or not: applied here with its result, or passed by the snapshot.
  if (outcome instanceof OutcomeUnknown) expect(outcome.reason).not.toBe("timeout");
  else expect(outcome).toBe(1);
});

async function restartless(world: World, behind: Kept): Promise<void> {
  world.network.heal();
  await world.clock.until(() => behind.machine.commands.length === 201, "the follower");
}

test("a damaged snapshot is noticed at the start: the log is replayed, or the leader sends one", async () => {
  const errors: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (_: object, message: string) => void errors.push(message),
  };
  const world = await start(3, { logger, maxLogBytes: 100 * ENTRY });
  const [leader, , third] = world.all;
  if (!leader || !third) throw new Error("three nodes");
  await propose(world, leader, 5);
  await world.clock.until(() => third.machine.commands.length === 5, "the third");
  await world.clock.outcome(third.node.snapshot());
  third.snapshots.damage();
  await restart(third);
  expect(errors.at(-1)).toMatch(/is damaged.*the whole log is there and is replayed instead/);
  await world.clock.until(() => third.machine.commands.length === 5, "the replay");
  expect(third.machine.restored).toEqual([]);

  await propose(world, leader, 50);
  await world.clock.until(() => third.machine.commands.length === 55, "the third");
  await world.clock.outcome(third.node.snapshot());
  await world.clock.until(() => third.node.status().baseIndex > 0, "compaction");
  third.snapshots.damage();
  await restart(third);
  expect(errors.at(-1)).toMatch(/is damaged.*waits for one from the leader, and doesn't campaign/);
  expect(third.node.status()).toMatchObject({ lacksSnapshot: true, snapshot: null });
  await world.clock.until(() => third.machine.commands.length === 55, "a snapshot of the leader");
  expect(third.node.status()).toMatchObject({ lacksSnapshot: false });
});

test("a whole snapshot that the machine refuses stops the start, and nothing is deleted", async () => {
  const world = await start(1);
  const kept = one(world);
  await propose(world, kept, 5);
  await world.clock.outcome(kept.node.snapshot());
  await kept.node.close();
  const machine = createKeeper();
  machine.restoring = () => {
    throw new Error("another version");
  };
  const error = await openAgain(kept, machine).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StateMachineFailed);
  expect(String(error)).toMatch(
    /refused the snapshot .* which is whole; nothing was deleted.*another version/,
  );
  kept.machine = createKeeper();
  kept.node = await openAgain(kept, kept.machine);
  expect(kept.machine.commands).toHaveLength(5);
});

test("a log that begins behind a snapshot needs the storage of snapshots", async () => {
  const world = await start(1, { maxLogBytes: 100 * ENTRY });
  const kept = one(world);
  await propose(world, kept, 50);
  await world.clock.outcome(kept.node.snapshot());
  await world.clock.until(
    () => kept.log.operations.some(({ type }) => type === "compactThrough"),
    "compaction",
  );
  await kept.node.close();
  const error = await openAgain(kept, createKeeper(), { storage: { log: kept.log } }).catch(
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(InvalidOption);
  expect(String(error)).toMatch(
    /storage.snapshots: not given, but the log begins behind index \d+/,
  );
  kept.machine = createKeeper();
  kept.node = await openAgain(kept, kept.machine);
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

test("what a machine with durable state held at the start counts for the next one", async () => {
  const world = await start(1, { maxLogBytes: 100 * ENTRY });
  const kept = one(world);
  for (let i = 0; i < 10; i++) {
    await propose(world, kept, 20);
    await passes(world, 1000);
    const applied = kept.node.status().lastApplied;
    Object.assign(kept.machine, { open: () => Promise.resolve(applied) });
    await kept.node.close();
    kept.node = await openAgain(kept, kept.machine);
  }
  expect(kept.machine.commands).toHaveLength(200);
});

test("two installs in quick succession, while the machine is busy: the first one is still there", async () => {
  const world = await start(3, { maxLogBytes: 100 * ENTRY, snapshotAfterBytes: 20 * ENTRY });
  const [leader, , behind] = world.all;
  if (!leader || !behind) throw new Error("three nodes");
  let release = (): void => {};
  behind.machine.applying = () => new Promise((resolve) => (release = resolve));
  await propose(world, leader, 1);
  await world.clock.until(() => behind.node.status().commitIndex === 3, "its commit");
  for (let i = 0; i < 2; i++) {
    world.network.isolate(behind.id);
    for (let j = 0; j < 20; j++) await propose(world, leader, 10);
    const { baseIndex } = leader.node.status();
    expect(baseIndex).toBeGreaterThan(behind.node.status().lastIndex);
    world.network.heal();
    await world.clock.until(() => behind.node.status().baseIndex >= baseIndex, "an install");
    await passes(world, 100);
  }
  behind.machine.applying = () => undefined;
  release();
  await world.clock.until(() => behind.machine.commands.length === 401, "the machine");
  expect(behind.node.status()).toMatchObject({ state: "running" });
  await world.clock.until(() => behind.snapshots.readers === 0, "the readers' end");
});
