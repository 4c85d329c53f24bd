// What `status` tells an operator: who is missing before the cluster exists, when the log's bound is
// reached, and how large the largest entry is.
import { expect, test } from "vitest";
import type { Effect } from "@raftkit/core";
import { encodeRun, ENTRY_HEADER_BYTES, EntryKind } from "@raftkit/core";
import type { Cluster } from "./support/cluster.js";
import { addNode, crash, newCluster, nodeOf, restart, step } from "./support/cluster.js";
import type { Scene } from "./support/scene.js";
import { advance, settle } from "./support/scene.js";

const IDS = ["n1", "n2", "n3"];

function sceneOf(cluster: Cluster): Scene {
  return { cluster, lines: [], quiet: true, sent: new Map(), cut: new Set() };
}

function run(scene: Scene, ms: number): void {
  settle(scene);
  advance(scene, ms, () => settle(scene));
}

function missing(cluster: Cluster, id: string): readonly string[] | undefined {
  return nodeOf(cluster, id).raft.status.bootstrap?.missing;
}

test("initial voters that have not answered are named, until there is a configuration", () => {
  const cluster = newCluster();
  const scene = sceneOf(cluster);
  for (const id of IDS) addNode(cluster, id, { bootstrap: IDS });
  crash(nodeOf(cluster, "n3"));
  expect(missing(cluster, "n1")).toEqual(["n2", "n3"]);
  run(scene, 500);
  expect(missing(cluster, "n1")).toEqual(["n3"]);
  // The others wait for the one that asks; that they have not heard n3 is worth knowing, too.
  expect(missing(cluster, "n2")).toEqual(["n3"]);
  restart(nodeOf(cluster, "n3"));
  run(scene, 1_000);
  for (const id of IDS) expect(nodeOf(cluster, id).raft.status.bootstrap).toBeNull();
});

test("a new run of the node that asks waits for all again", () => {
  const cluster = newCluster();
  const scene = sceneOf(cluster);
  for (const id of IDS) addNode(cluster, id, { bootstrap: IDS });
  crash(nodeOf(cluster, "n3"));
  run(scene, 100);
  crash(nodeOf(cluster, "n1"));
  restart(nodeOf(cluster, "n1"));
  expect(missing(cluster, "n1")).toEqual(["n2", "n3"]);
});

test("at the log's bound the reason and the status say so, to whoever asked; the status of the leader, too", () => {
  const cluster = newCluster();
  const scene = sceneOf(cluster);
  const rejected: string[] = [];
  cluster.observe = (id, effect: Effect) => {
    if (effect.type === "rejected") rejected.push(`${id} ${effect.reason}`);
  };
  for (const id of IDS) {
    const draw = id === "n1" ? 0 : 0.9;
    const options = { maxLogBytes: 8_000, maxUncommittedBytes: 4_000 };
    addNode(cluster, id, { bootstrap: IDS, terms: [], random: () => draw, options });
  }
  run(scene, 160);
  const propose = (id: string, ...sizes: readonly number[]): void => {
    const node = nodeOf(cluster, id);
    const commands = sizes.map((size) => new Uint8Array(size));
    step(cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
    node.nextSeq += commands.length;
  };
  const full = (): boolean[] => IDS.map((id) => nodeOf(cluster, id).raft.status.logFull);

  // Too much at once: a pause helps.
  propose("n1", 3_000, 3_000);
  expect(rejected).toEqual(["n1 overloaded"]);
  run(scene, 60);
  expect(full()).toEqual([false, false, false]);
  propose("n1", 3_000);
  run(scene, 60);
  rejected.length = 0;
  propose("n1", 3_000);
  expect(rejected).toEqual(["n1 logFull"]);
  expect(full()).toEqual([true, false, false]);
  propose("n2", 2_000);
  run(scene, 60);
  expect(rejected).toEqual(["n1 logFull", "n2 logFull"]);
  expect(full()).toEqual([true, false, false]);
  // What is small enough is still taken: up to the bound of every node.
  rejected.length = 0;
  for (let i = 0; i < 10; i++) {
    propose("n1", 0);
    run(scene, 60);
  }
  expect(rejected.length).toBeGreaterThan(0);
  expect(new Set(rejected)).toEqual(new Set(["n1 logFull"]));
  expect(full()).toEqual([true, true, true]);
});

test("the largest entry is known, of what was restored and of what came since", () => {
  const cluster = newCluster();
  const scene = sceneOf(cluster);
  addNode(cluster, "n1", { bootstrap: ["n1"], terms: [] });
  const node = nodeOf(cluster, "n1");
  node.disk.entries.push(encodeRun(2, 1, EntryKind.command, [new Uint8Array(5_000)]));
  restart(node);
  expect(node.raft.status.largestEntryBytes).toBe(ENTRY_HEADER_BYTES + 5_000);
  run(scene, 400);
  step(cluster, node, { type: "propose", firstSeq: 1, commands: [new Uint8Array(6_000)] });
  run(scene, 60);
  expect(node.raft.status.largestEntryBytes).toBe(ENTRY_HEADER_BYTES + 6_000);
});
