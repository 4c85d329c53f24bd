// Whole clusters on a network that loses, doubles and reorders, with disks that finish whenever
// they like and nodes that crash: Raft's safety holds at every step, and once the trouble ends the
// cluster works again.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { Effect } from "@raftkit/core";
import { readEntries } from "@raftkit/core";
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
import { printEffect } from "./support/print.js";
import { randomFrom } from "./support/random.js";
import { capture } from "./support/snapshots.js";

const STEPS = 600;

interface Calls {
  /** What each proposal of each run is, and how it ended. */
  readonly commands: Map<string, string>;
  readonly refused: Set<string>;
  readonly accepted: { readonly command: string; readonly index: number; readonly term: number }[];
  /** What was applied anywhere when a read began. */
  readonly reads: Map<string, number>;
}

interface World {
  readonly calls: Calls;
  readonly cluster: Cluster;
  readonly invariants: Invariants;
  readonly random: () => number;
  readonly trace: string[];
  readonly hasSnapshots: boolean;
  proposals: number;
  cut: string | undefined;
}

function newWorld(seed: number, isBlank: boolean, hasSnapshots: boolean): World {
  const random = randomFrom(seed);
  const cluster = newCluster();
  const invariants = watchInvariants(cluster);
  const trace: string[] = [];
  const calls: Calls = { commands: new Map(), refused: new Set(), accepted: [], reads: new Map() };
  cluster.observe = (id, effect) => {
    trace.push(printEffect(id, effect));
    invariants.observe(id, effect);
    observeCalls(calls, invariants, `${id}/${cluster.nodes.get(id)?.run ?? 1}`, effect);
  };
  const ids = ["n1", "n2", "n3", "n4", "n5"].slice(0, random() < 0.7 ? 3 : 5);
  for (const id of ids) {
    addNode(cluster, id, {
      bootstrap: ids,
      random,
      ...(isBlank ? {} : { terms: [] }),
      options: {
        maxInflightMessages: 3,
        maxMessageBytes: 60,
        // With the smaller one the log holds some 60 entries, and 8 behind a snapshot.
        maxLogBytes: hasSnapshots ? 2 ** 14 : 2 ** 30,
      },
    });
  }
  return { calls, cluster, invariants, random, trace, hasSnapshots, proposals: 0, cut: undefined };
}

function observeCalls(calls: Calls, invariants: Invariants, run: string, effect: Effect): void {
  const commandsOf = (firstSeq: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => {
      const key = `${run}/${firstSeq + i}`;
      const command = calls.commands.get(key);
      if (command === undefined) throw new Error(`${key} ended twice, or never began`);
      calls.commands.delete(key);
      return command;
    });
  if (effect.type === "rejected") {
    for (const command of commandsOf(effect.firstSeq, effect.count)) calls.refused.add(command);
  } else if (effect.type === "unknown") commandsOf(effect.firstSeq, effect.count);
  else if (effect.type === "accepted") {
    commandsOf(effect.firstSeq, effect.count).forEach((command, i) =>
      calls.accepted.push({ command, index: effect.firstIndex + i, term: effect.term }),
    );
  } else if (effect.type === "readReady" || effect.type === "readRejected") {
    const key = `${run}/${effect.id}`;
    const began = calls.reads.get(key);
    if (began === undefined) throw new Error(`the read ${key} ended twice, or never began`);
    calls.reads.delete(key);
    if (effect.type === "readReady" && effect.index < began) {
      throw new Error(`a stale read: ${effect.index}, but ${began} was applied before it began`);
    }
  } else if (effect.type === "apply") {
    for (const entry of effect.entries.flatMap((entries) => [...readEntries(entries)])) {
      if (entry.kind === 0 && calls.refused.has(entry.data.join())) {
        throw new Error(`a refused command was applied at ${entry.index}`);
      }
    }
  }
}

/**
 * What was applied once is never applied again, and an accepted command is where it was said to be,
 * or nowhere.
 */
function checkCalls({ calls, invariants }: World): void {
  const commands = invariants.applied.filter(
    (entry) => entry.split(":")[1] === "0" && !entry.endsWith("9,9,9"),
  );
  const seen = commands.map((entry) => entry.split(":")[2]);
  expect(new Set(seen).size).toBe(seen.length);
  for (const { command, index, term } of calls.accepted) {
    const at = seen.includes(command)
      ? invariants.applied.findIndex((entry) => entry.endsWith(`:0:${command}`)) + 1
      : 0;
    const there = invariants.applied[index - 1] === `${term}:0:${command}`;
    if (at > 0 && !there) {
      throw new Error(`${command} was accepted at ${index}, but applied at ${at}`);
    }
    if (invariants.applied[index - 1]?.startsWith(`${term}:`) === true && !there) {
      throw new Error(`another entry of term ${term} is at ${index}`);
    }
  }
}

function pick<T>(world: World, items: readonly T[]): T | undefined {
  return items[Math.floor(world.random() * items.length)];
}

function deliverSome(world: World): void {
  const { cluster, random, cut } = world;
  const packet = random() < 0.7 ? cluster.packets[0] : pick(world, cluster.packets);
  if (!packet) return;
  if (random() > 0.05) cluster.packets.splice(cluster.packets.indexOf(packet), 1);
  if (random() > 0.05 && packet.from.id !== cut && packet.to !== cut) deliver(cluster, packet);
  else if (random() < 0.3 && packet.from.run === cluster.nodes.get(packet.from.id)?.run) {
    report(world, packet.from.id, packet.to);
  }
}

function report(world: World, id: string, peer: string): void {
  const node = world.cluster.nodes.get(id);
  if (node) step(world.cluster, node, { type: "unreachable", peer });
}

/** Snapshots are taken, their parts written and read, and now and then one is damaged. */
function actOnSnapshots({ cluster, random }: World, node: TestNode): void {
  const choice = random();
  if (choice < 0.1) {
    if (node.alive) capture(node);
  } else if (choice < 0.98) workOnSnapshots(cluster, node);
  else if ([...cluster.nodes.values()].every((one) => !one.snapshots.isDamaged)) {
    crash(node);
    node.snapshots.isDamaged = node.snapshots.newest !== null;
  }
}

function act(world: World, node: TestNode): void {
  const { cluster, random } = world;
  if (world.hasSnapshots && random() < 0.3) {
    actOnSnapshots(world, node);
    return;
  }
  const choice = random();
  if (choice < 0.55) deliverSome(world);
  else if (choice < 0.75) finishOneWrite(cluster, node);
  else if (choice < 0.85) {
    cluster.now = Math.min(
      cluster.now + random() * 60,
      Math.max(cluster.now, nextDeadline(cluster)),
    );
  } else if (choice < 0.94) {
    const commands = Array.from(
      { length: 1 + Math.floor(random() * 3) },
      () => new Uint8Array([++world.proposals & 255, world.proposals >> 8]),
    );
    if (!node.alive) return;
    commands.forEach((command, i) =>
      world.calls.commands.set(`${node.id}/${node.run}/${node.nextSeq + i}`, command.join()),
    );
    step(cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
    node.nextSeq += commands.length;
  } else if (choice < 0.96) {
    if (!node.alive) return;
    world.calls.reads.set(
      `${node.id}/${node.run}/${node.nextReadId}`,
      world.invariants.applied.length,
    );
    step(cluster, node, { type: "read", id: node.nextReadId++, byLease: false });
  } else if (choice < 0.965) {
    const target = pick(world, [null, "n1", "n2", "n3"]) ?? null;
    step(cluster, node, { type: "transferLeadership", id: node.nextTransferId++, target });
  } else if (choice < 0.975) world.cut = random() < 0.5 ? undefined : node.id;
  else if (choice < 0.985 && node.disk.entries.length > 0) crash(node);
  else if (!node.alive) restart(node);
}

/** A tick before its time is nothing. */
function tickEarly(world: World, node: TestNode): void {
  if (!node.alive || node.raft.deadline <= world.cluster.now) return;
  const before = node.raft.status;
  const effects = node.raft.step(world.cluster.now, { type: "tick" });
  if (effects.length > 0) {
    throw new Error(
      `an early tick of ${node.id} did something: ${effects.map((effect) => effect.type).join()}`,
    );
  }
  expect(node.raft.status).toEqual(before);
}

function trouble(world: World): void {
  endTurns(world.cluster);
  for (let i = 0; i < STEPS; i++) {
    const node = pick(world, [...world.cluster.nodes.values()]);
    if (!node) return;
    act(world, node);
    tickEarly(world, node);
    if (world.random() < 0.8) endTurns(world.cluster);
    if (i % 50 === 0) world.invariants.checkLogs();
  }
}

/** Everything arrives, all disks finish, for this long. */
function calm(world: World, ms: number): void {
  const { cluster } = world;
  for (
    const until = cluster.now + ms;
    cluster.now < until;
    cluster.now = Math.max(cluster.now + 0.1, Math.min(until, nextDeadline(cluster)))
  ) {
    for (let moves = 0; ; moves++) {
      if (moves > 10_000) throw new Error(`at ${cluster.now} ms the messages never end`);
      endTurns(cluster);
      const packets = cluster.packets.splice(0);
      for (const packet of packets) deliver(cluster, packet);
      const wrote = [...cluster.nodes.values()].filter((node) =>
        finishOneWrite(cluster, node),
      ).length;
      const worked = [...cluster.nodes.values()].filter((node) =>
        workOnSnapshots(cluster, node),
      ).length;
      if (packets.length === 0 && wrote === 0 && worked === 0) break;
    }
  }
}

function recover(world: World): void {
  const { cluster, invariants } = world;
  world.cut = undefined;
  for (const node of cluster.nodes.values()) if (!node.alive) restart(node);
  calm(world, 3000);
  // Room in the log.
  if (world.hasSnapshots) for (const node of cluster.nodes.values()) capture(node);
  calm(world, 500);
  const nodes = [...cluster.nodes.values()];
  const leader = nodes.find((node) => node.raft.status.role === "leader");
  if (!leader) {
    throw new Error(`no leader: ${nodes.map((node) => JSON.stringify(node.raft.status)).join()}`);
  }
  world.calls.commands.set(`${leader.id}/${leader.run}/${leader.nextSeq}`, "9,9,9");
  step(cluster, leader, {
    type: "propose",
    firstSeq: leader.nextSeq++,
    commands: [new Uint8Array([9, 9, 9])],
  });
  calm(world, 200);
  invariants.checkLogs();
  expect(invariants.applied.at(-1)).toContain("9,9,9");
  for (const node of nodes) expect(node.applied).toEqual(invariants.applied);
  checkCalls(world);
}

describe("a random network", () => {
  for (const [name, isBlank, hasSnapshots] of [
    ["of nodes with a configuration", false, false],
    ["of blank nodes", true, false],
    ["of nodes that take snapshots", false, true],
  ] as const) {
    test(`${name} stays safe, and recovers`, () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const world = newWorld(seed, isBlank, hasSnapshots);
          trouble(world);
          recover(world);
        }),
        { numRuns: 40 },
      );
    }, 60_000);
  }

  test("same inputs, same effects", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [one, other] = [newWorld(seed, false, true), newWorld(seed, false, true)];
        trouble(one);
        trouble(other);
        expect(other.trace).toEqual(one.trace);
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});
