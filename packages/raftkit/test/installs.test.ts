// Snapshots in the runtime: how they get to other nodes, and what a start finds.
import { expect, test } from "vitest";
import { InvalidOption, OutcomeUnknown, StateMachineFailed } from "raftkit";
import { createKeeper } from "./support/snapshots.js";
import type { Kept, World } from "./support/keepers.js";
import { openAgain, start, restart, one, propose, passes, ENTRY } from "./support/keepers.js";

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

test("damage is noticed also where the machine gives up before the snapshot's end", async () => {
  const world = await start(3, { maxLogBytes: 100 * ENTRY });
  const [leader, , third] = world.all;
  if (!leader || !third) throw new Error("three nodes");
  await propose(world, leader, 50);
  await world.clock.until(() => third.machine.commands.length === 50, "the third");
  await world.clock.outcome(third.node.snapshot());
  await world.clock.until(() => third.node.status().baseIndex > 0, "compaction");
  third.snapshots.damage();
  await third.node.close();
  const machine = createKeeper();
  const restore = machine.restore?.bind(machine);
  let isPicky = true;
  machine.restore = async (source, position) => {
    if (isPicky) for await (const _ of source) throw new Error("a length in it can't be");
    await restore?.(source, position);
  };
  third.machine = machine;
  third.node = await openAgain(third, machine);
  expect(third.node.status()).toMatchObject({ lacksSnapshot: true, snapshot: null });
  isPicky = false;
  await world.clock.until(() => machine.commands.length === 50, "a snapshot of the leader");
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
  // Also where the machine holds the state by itself: who votes stands in the snapshot.
  const durable = Object.assign(createKeeper(), { open: () => Promise.resolve(52) });
  for (const machine of [createKeeper(), durable]) {
    const error = await openAgain(kept, machine, { storage: { log: kept.log } }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(InvalidOption);
    expect(String(error)).toMatch(
      /storage.snapshots: not given, but the log begins after index \d+/,
    );
  }
  kept.machine = createKeeper();
  kept.node = await openAgain(kept, kept.machine);
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

test("a snapshot that the log has left behind is none: what is between them is nowhere else", async () => {
  const world = await start(3, { maxLogBytes: 100 * ENTRY });
  const [leader, , third] = world.all;
  if (!leader || !third) throw new Error("three nodes");
  await propose(world, leader, 20);
  await world.clock.until(() => third.machine.commands.length === 20, "the third");
  await world.clock.outcome(third.node.snapshot());
  const older = third.snapshots.newest;
  // It stays where it is.
  await third.snapshots.openReader(older?.snapshotId ?? "");
  for (let i = 0; i < 4; i++) await propose(world, leader, 20);
  await world.clock.until(() => third.machine.commands.length === 100, "the third");
  await world.clock.outcome(third.node.snapshot());
  await world.clock.until(() => third.node.status().baseIndex > 22, "compaction");
  await third.node.close();
  // Somebody took the newer one away.
  third.snapshots.open = () => Promise.resolve(older);
  third.machine = createKeeper();
  third.node = await openAgain(third, third.machine);
  expect(third.machine.restored).toEqual([]);
  expect(third.node.status()).toMatchObject({ lacksSnapshot: true, lastApplied: 0 });
  await world.clock.until(() => third.machine.commands.length === 100, "a snapshot of the leader");
});

test("a machine with durable state that is behind the log is restored", async () => {
  const world = await start(1, { maxLogBytes: 100 * ENTRY });
  const kept = one(world);
  await propose(world, kept, 50);
  const { index } = await world.clock.outcome(kept.node.snapshot());
  await world.clock.until(() => kept.node.status().baseIndex > 0, "compaction");
  await propose(world, kept, 3);
  await kept.node.close();
  kept.machine = Object.assign(createKeeper(), { open: () => Promise.resolve(2) });
  kept.node = await openAgain(kept, kept.machine);
  await world.clock.until(() => kept.machine.commands.length === 53, "the rest of the log");
  expect(kept.machine.restored.map((position) => position.index)).toEqual([index]);
});

test("a node that keeps no snapshots and is sent one tells its operator, and its leader", async () => {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (_: object, message: string) => void warnings.push(message),
    error() {},
  };
  const world = await start(3, { logger, maxLogBytes: 100 * ENTRY });
  const [leader, , third] = world.all;
  if (!leader || !third) throw new Error("three nodes");
  await third.node.close();
  for (let i = 0; i < 20; i++) await propose(world, leader, 10);
  await world.clock.until(() => leader.node.status().baseIndex > 100, "a compacted log");
  third.node = await openAgain(third, createKeeper(), { storage: { log: third.log } });
  await world.clock.until(() => warnings.length > 0, "a warning");
  expect(warnings[0]).toMatch(/receiving a snapshot failed: this node keeps no snapshots/);
  await world.clock.until(() => leader.snapshots.readers === 0, "the end of the attempt");
  expect(third.node.status()).toMatchObject({ state: "running" });
});

test("the leader's snapshot counts as the follower's newest: none of its own follows at once", async () => {
  const world = await start(3, { maxLogBytes: 100 * ENTRY, snapshotAfterBytes: 40 * ENTRY });
  const [leader, , behind] = world.all;
  if (!leader || !behind) throw new Error("three nodes");
  const told: string[] = [];
  behind.node.on("snapshot", ({ origin }) => told.push(origin));
  await propose(world, leader, 20);
  await world.clock.until(() => behind.machine.commands.length === 20, "the follower");
  world.network.isolate(behind.id);
  for (let i = 0; i < 20; i++) await propose(world, leader, 10);
  await world.clock.outcome(leader.node.snapshot());
  world.network.heal();
  await world.clock.until(() => behind.machine.commands.length === 220, "an install");
  await propose(world, leader, 20);
  await world.clock.until(() => behind.machine.commands.length === 240, "some more");
  await passes(world, 100);
  expect(told).toEqual(["leader"]);
});
