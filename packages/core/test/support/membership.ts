// Whole clusters whose members change: nodes with disks that work, on a network that delivers, as
// far as nobody is cut off.
import type { Effect, MembershipVerdict, NodeId } from "@raftkit/core";
import type { Cluster, NodeSetup, TestNode } from "./cluster.js";
import { addNode, newCluster, nodeOf, restart, step } from "./cluster.js";
import { printConfiguration } from "./print.js";
import { randomFrom } from "./random.js";
import type { Scene } from "./scene.js";
import { advance, settle } from "./scene.js";

export interface Changing extends Scene {
  readonly effects: { readonly id: NodeId; readonly effect: Effect }[];
  changes: number;
}

/** Nodes that hold a configuration of all of them. */
export function membersOf(ids: readonly NodeId[], setup: Partial<NodeSetup> = {}): Changing {
  const cluster = newCluster();
  const changing: Changing = {
    cluster,
    lines: [],
    quiet: true,
    sent: new Map(),
    cut: new Set(),
    effects: [],
    changes: 0,
  };
  cluster.observe = (id, effect) => changing.effects.push({ id, effect });
  for (const id of ids) {
    addNode(cluster, id, { bootstrap: ids, terms: [], random: chanceOf(id), ...setup });
  }
  return changing;
}

/** Timers that differ: nobody splits votes for ever. */
function chanceOf(id: NodeId): () => number {
  return randomFrom(Number(id.slice(1)));
}

/** Time goes on, and everything arrives that isn't cut off. */
export function run(changing: Changing, ms: number): void {
  settle(changing);
  advance(changing, ms, () => settle(changing));
}

/** Runs until somebody leads whom nobody cut off. */
export function leaderIn(changing: Changing): TestNode {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const leaders = [...changing.cluster.nodes.values()].filter(
      (node) => node.alive && !changing.cut.has(node.id) && node.raft.status.role === "leader",
    );
    const [first] = leaders.sort((a, b) => b.raft.status.currentTerm - a.raft.status.currentTerm);
    const { status } = first?.raft ?? {};
    if (first && status && status.commitIndex === status.lastIndex) return first;
    run(changing, 50);
  }
  throw new Error("nobody leads");
}

/** A blank node that knows one member, and has been running for a while. */
export function join(changing: Changing, id: NodeId, setup: Partial<NodeSetup> = {}): TestNode {
  const { cluster } = changing;
  addNode(cluster, id, { bootstrap: [], random: chanceOf(id), ...setup });
  const node = nodeOf(cluster, id);
  meet(cluster, node, leaderIn(changing));
  run(changing, 200);
  return node;
}

export function meet(cluster: Cluster, node: TestNode, other: TestNode): void {
  const { id, incarnation, run: itsRun } = other;
  step(cluster, node, { type: "met", from: { id, incarnation, run: itsRun } });
}

/** Its disk is lost: it comes back with an empty one, and asks for its place. */
export function wipe(changing: Changing, node: TestNode): void {
  node.options = { rejoin: true };
  restart(node, { wiped: true, bootstrap: [] });
  meet(changing.cluster, node, leaderIn(changing));
}

/** @returns what became of it, at the node where it was asked for */
export function change(
  changing: Changing,
  node: TestNode,
  voters: readonly NodeId[],
  learners: readonly NodeId[] = [],
  expected: number = node.raft.status.configurationIndex,
): MembershipVerdict | { readonly type: "unknown" } | undefined {
  const id = ++changing.changes;
  step(changing.cluster, node, { type: "changeMembership", id, expected, voters, learners });
  settle(changing);
  for (const { effect } of changing.effects) {
    if (effect.type === "membershipVerdict" && effect.id === id) return effect.verdict;
  }
  return undefined;
}

/** Steps to these members, as the runtime will do it: learners first. */
export function changeTo(changing: Changing, voters: readonly NodeId[]): void {
  const leader = leaderIn(changing);
  const { configuration } = leader.raft.status;
  const now = (configuration?.voters ?? []).map(({ id }) => id);
  const missing = voters.filter((id) => !now.includes(id));
  if (missing.length > 0) {
    expectAccepted(change(changing, leader, now, missing));
    run(changing, 500);
  }
  expectAccepted(change(changing, leader, voters));
  run(changing, 500);
}

function expectAccepted(verdict: ReturnType<typeof change>): void {
  if (verdict?.type !== "accepted") throw new Error(`refused: ${JSON.stringify(verdict)}`);
}

/** The configuration in force at a node, in words. */
export function configurationAt(node: TestNode): string {
  const { configuration } = node.raft.status;
  return configuration ? printConfiguration(configuration) : "none";
}

/** A command is proposed; @returns whether it was applied there within a second */
export function works(changing: Changing, node: TestNode): boolean {
  const command = new Uint8Array([200, changing.changes++ & 255]);
  const before = node.applied.length;
  step(changing.cluster, node, { type: "propose", firstSeq: node.nextSeq++, commands: [command] });
  run(changing, 1000);
  return node.applied.slice(before).some((entry) => entry.endsWith(`:0:${command.join()}`));
}
