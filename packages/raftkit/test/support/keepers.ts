// Nodes that keep snapshots, on virtual time: they can be closed and opened again on what they keep.
import { onTestFinished } from "vitest";
import type { RaftNode } from "raftkit";
import { createNode } from "raftkit";
import type { VirtualClock } from "./clock.js";
import { createVirtualClock } from "./clock.js";
import type { TestOptions } from "./cluster.js";
import { partsOf } from "./cluster.js";
import type { TestNetwork } from "./network.js";
import { createTestNetwork } from "./network.js";
import type { Keeper, TestSnapshots } from "./snapshots.js";
import { createKeeper, createTestSnapshots } from "./snapshots.js";
import type { TestLog } from "./storage.js";

export type Node = RaftNode<string, number, string, string>;

export interface Kept {
  readonly id: string;
  readonly log: TestLog;
  readonly snapshots: TestSnapshots;
  readonly options: TestOptions;
  machine: Keeper;
  node: Node;
}

export interface World {
  readonly clock: VirtualClock;
  readonly network: TestNetwork;
  readonly all: readonly Kept[];
}

/** A node on what this one keeps. */
export function openAgain(
  kept: Pick<Kept, "options">,
  machine: Keeper,
  more: Partial<TestOptions> = {},
): Promise<Node> {
  return createNode({ ...kept.options, stateMachine: machine, ...more });
}

/** `n1` leads; its no-op is applied everywhere. */
export async function start(size: number, change: Partial<TestOptions> = {}): Promise<World> {
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

export async function restart(kept: Kept, more: Partial<TestOptions> = {}): Promise<void> {
  await kept.node.close();
  kept.machine = createKeeper();
  kept.node = await openAgain(kept, kept.machine, more);
}

export function one({ all: [first] }: World): Kept {
  if (!first) throw new Error("there is no node");
  return first;
}

export async function propose({ clock }: World, { node }: Kept, count: number): Promise<void> {
  const proposals = Array.from({ length: count }, (_, i) => node.propose(`c${i}`));
  await clock.outcome(Promise.all(proposals));
}

export async function passes({ clock }: World, ms: number): Promise<void> {
  const end = clock.now() + ms;
  await clock.until(() => clock.now() >= end, "the time");
}

/** Entries of two bytes and quotes count 260. */
export const ENTRY = 260;
