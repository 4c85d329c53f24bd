// Random networks whose members change: joiners, removals, replaced voters, one that lost its disk,
// while messages are lost and nodes crash. Raft's safety holds at every step, configurations follow
// each other with overlapping quorums, and once the trouble ends everything that was asked for works.
import { expect, test } from "vitest";
import fc from "fast-check";
import type { NodeId } from "@raftkit/core";
import { isListed, votersOf } from "@raftkit/core";
import type { Cluster, TestNode } from "./support/cluster.js";
import {
  addNode,
  crash,
  deliver,
  endTurns,
  finishOneWrite,
  newCluster,
  nextDeadline,
  restart,
  step,
  workOnSnapshots,
} from "./support/cluster.js";
import type { Invariants } from "./support/invariants.js";
import { watchInvariants } from "./support/invariants.js";
import { randomFrom } from "./support/random.js";
import { capture } from "./support/snapshots.js";

const IDS = ["n1", "n2", "n3", "n4", "n5", "n6"];
const STEPS = 900;

interface World {
  readonly cluster: Cluster;
  readonly invariants: Invariants;
  readonly random: () => number;
  readonly hasSnapshots: boolean;
  cut: NodeId | undefined;
  commands: number;
  changes: number;
  accepted: number;
}

function newWorld(seed: number): World {
  const random = randomFrom(seed);
  const cluster = newCluster();
  const hasSnapshots = random() < 0.5;
  const invariants = watchInvariants(cluster, true);
  const world = {
    cluster,
    invariants,
    random,
    hasSnapshots,
    cut: undefined,
    commands: 0,
    changes: 0,
    accepted: 0,
  };
  cluster.observe = (id, effect) => {
    invariants.observe(id, effect);
    if (effect.type === "membershipVerdict" && effect.verdict.type === "accepted") world.accepted++;
  };
  const first = IDS.slice(0, 1 + Math.floor(random() * 4));
  const options = { maxInflightMessages: 3, maxLogBytes: hasSnapshots ? 2 ** 15 : 2 ** 30 };
  for (const id of IDS) {
    const isFirst = first.includes(id);
    addNode(cluster, id, {
      bootstrap: isFirst ? first : [],
      random,
      options,
      ...(isFirst ? { terms: [] } : {}),
    });
  }
  return world;
}

function pick<T>({ random }: World, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

const nodesOf = ({ cluster }: World): readonly TestNode[] => [...cluster.nodes.values()];

function deliverSome(world: World): void {
  const { cluster, random, cut } = world;
  const packet = random() < 0.7 ? cluster.packets[0] : pick(world, cluster.packets);
  if (!packet) return;
  if (random() > 0.04) cluster.packets.splice(cluster.packets.indexOf(packet), 1);
  if (random() > 0.04 && packet.from.id !== cut && packet.to !== cut) deliver(cluster, packet);
}

/** Any members: what can't be is refused. */
function changeSome(world: World, node: TestNode): void {
  const { configuration, configurationIndex: expected } = node.raft.status;
  if (!configuration) return;
  const voters = new Set(configuration.voters.map(({ id }) => id));
  const learners = new Set(configuration.learners.map(({ id }) => id));
  for (let i = 0; i < 1 + world.random() * 2; i++) {
    const id = pick(world, IDS) ?? "n1";
    if (voters.delete(id)) {
      if (world.random() < 0.3) learners.add(id);
    } else if (learners.delete(id)) {
      if (world.random() < 0.8) voters.add(id);
    } else learners.add(id);
  }
  step(world.cluster, node, {
    type: "changeMembership",
    id: ++world.changes,
    expected,
    voters: [...voters],
    learners: [...learners],
  });
}

function meetSome(world: World, node: TestNode): void {
  const other = pick(world, nodesOf(world));
  if (!other || other === node || !other.alive) return;
  const { id, incarnation, run } = other;
  step(world.cluster, node, { type: "met", from: { id, incarnation, run } });
}

function propose(world: World, node: TestNode): void {
  const data = new Uint8Array([++world.commands & 255, world.commands >> 8]);
  step(world.cluster, node, { type: "propose", firstSeq: node.nextSeq++, commands: [data] });
}

function act(world: World, node: TestNode, mayChange: boolean): void {
  const { cluster, random } = world;
  const choice = random();
  if (choice < 0.6) deliverSome(world);
  else if (choice < 0.75) finishOneWrite(cluster, node);
  else if (choice < 0.85) {
    const until = cluster.now + random() * 60;
    cluster.now = Math.min(until, Math.max(cluster.now, nextDeadline(cluster)));
  } else if (choice < 0.9) propose(world, node);
  else if (choice < 0.94) {
    if (mayChange && node.alive) changeSome(world, node);
  } else if (choice < 0.95) meetSome(world, node);
  else if (choice < 0.97) {
    if (world.hasSnapshots && node.alive && random() < 0.3) capture(node);
    workOnSnapshots(cluster, node);
  } else if (choice < 0.98) world.cut = random() < 0.6 ? undefined : node.id;
  else if (choice < 0.985 && node.disk.entries.length > 0) crash(node);
  else if (!node.alive) restart(node);
}

function trouble(world: World, steps: number, mayChange: boolean): void {
  for (let i = 0; i < steps; i++) {
    const node = pick(world, nodesOf(world));
    if (!node) return;
    act(world, node, mayChange);
    if (world.random() < 0.85) endTurns(world.cluster);
    if (i % 50 === 0) world.invariants.checkLogs();
    // Learners only catch up while most things arrive.
    if (mayChange && i % 100 === 99) {
      calm(world, 100 + world.random() * 200);
      for (const one of nodesOf(world)) {
        if (one.alive && one.raft.status.role === "leader") changeSome(world, one);
      }
    }
  }
}

function calm(world: World, ms: number): void {
  const { cluster } = world;
  const until = cluster.now + ms;
  while (cluster.now < until) {
    for (let moves = 0; ; moves++) {
      if (moves > 10_000) throw new Error(`at ${cluster.now} ms the messages never end`);
      endTurns(cluster);
      const packets = cluster.packets.splice(0);
      for (const packet of packets) deliver(cluster, packet);
      const worked = nodesOf(world).filter(
        (node) => finishOneWrite(cluster, node) || workOnSnapshots(cluster, node),
      );
      if (packets.length === 0 && worked.length === 0) break;
    }
    cluster.now = Math.max(cluster.now + 0.1, Math.min(until, nextDeadline(cluster)));
  }
}

/** @returns the leader, whom all members follow, with everything applied */
function recover(world: World): TestNode {
  world.cut = undefined;
  for (const node of nodesOf(world)) if (!node.alive) restart(node);
  calm(world, 4000);
  const nodes = nodesOf(world);
  const latest = nodes
    .filter(({ raft }) => raft.status.role === "leader")
    .sort((a, b) => b.raft.status.currentTerm - a.raft.status.currentTerm);
  const [leader] = latest;
  if (!leader) {
    throw new Error(
      `no leader: ${nodes.map(({ raft }) => JSON.stringify(raft.status)).join("\n")}`,
    );
  }
  // As their transports do with the addresses that they were started with, after each start.
  const { id, incarnation, run } = leader;
  for (const node of nodes.filter(({ raft }) => !raft.status.configuration)) {
    step(world.cluster, node, { type: "met", from: { id, incarnation, run } });
  }
  calm(world, 2000);
  propose(world, leader);
  calm(world, 500);
  world.invariants.checkLogs();
  const { status } = leader.raft;
  expect(status).toMatchObject({ role: "leader", commitIndex: status.lastIndex });
  const { configuration } = status;
  if (!configuration) throw new Error("the leader knows no configuration");
  expect(configuration.outgoing).toEqual([]);
  for (const node of nodes) {
    if (isListed([...votersOf(configuration), ...configuration.learners], node)) {
      expect(node.applied).toEqual(world.invariants.applied);
    }
  }
  // Whoever is no member disturbs nobody.
  const { currentTerm } = status;
  calm(world, 1500);
  expect(leader.raft.status).toMatchObject({ role: "leader", currentTerm });
  return leader;
}

/** Learners are added, and become voters: a cluster of three has one to spare. */
function growToThree(world: World, leader: TestNode): void {
  const { configuration } = leader.raft.status;
  const voters = configuration?.voters.map(({ id }) => id) ?? [];
  const added = IDS.filter((id) => !voters.includes(id)).slice(0, Math.max(0, 3 - voters.length));
  for (const votes of [false, true]) {
    step(world.cluster, leader, {
      type: "changeMembership",
      id: ++world.changes,
      expected: leader.raft.status.configurationIndex,
      voters: votes ? [...voters, ...added] : voters,
      learners: votes ? [] : added,
    });
    calm(world, 1500);
  }
}

/** A voter loses its disk, and comes back to take its place. */
function wipe(world: World, leader: TestNode): TestNode | undefined {
  growToThree(world, leader);
  const { configuration } = leader.raft.status;
  const voters = configuration?.voters ?? [];
  const lost = nodesOf(world).find((node) => node !== leader && isListed(voters, node));
  if (!lost || voters.length < 3) return undefined;
  wipeAway(world, lost);
  return lost;
}

function wipeAway(world: World, lost: TestNode): void {
  if (lost.alive) crash(lost);
  calm(world, 400);
  lost.options = { ...lost.options, rejoin: true };
  restart(lost, { wiped: true, bootstrap: [] });
  for (const node of nodesOf(world)) {
    if (!node.alive || node === lost) continue;
    const { id, incarnation, run } = node;
    step(world.cluster, lost, { type: "met", from: { id, incarnation, run } });
  }
}

test("members change while messages are lost and nodes crash, and nothing is lost by it", () => {
  let accepted = 0;
  let rejoined = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const world = newWorld(seed);
      calm(world, 500);
      trouble(world, STEPS, true);
      const leader = recover(world);
      const lost = wipe(world, leader);
      if (lost) {
        if (seed % 2 === 0) {
          // Once more, wherever its return has got to.
          trouble(world, STEPS / 6, false);
          wipeAway(world, lost);
        }
        trouble(world, STEPS / 3, false);
        const { configuration } = recover(world).raft.status;
        expect(configuration?.voters).toContainEqual(
          expect.objectContaining({ id: lost.id, incarnation: lost.incarnation }) as unknown,
        );
        rejoined++;
      }
      ({ accepted } = { accepted: accepted + world.accepted });
    }),
    { numRuns: 40, examples: [[-1718869852]] },
  );
  expect(accepted).toBeGreaterThan(40);
  expect(rejoined).toBeGreaterThan(0);
}, 180_000);
