// Nodes on explicit time, with a network and disks that do only what they are told. Golden files
// and the random network both drive this; it decides nothing by itself.
import type {
  Configuration,
  Effect,
  Input,
  Member,
  Message,
  NodeId,
  Peer,
  Sender,
  Server,
} from "@raftkit/core";
import {
  decodeMessage,
  encodeConfiguration,
  encodeRun,
  EntryKind,
  messageHeader,
  messagePayload,
  Raft,
  readEntries,
} from "@raftkit/core";
import type { RaftOptions } from "@raftkit/core";
import type { Disk } from "./disk.js";
import { finishWrite, newDisk } from "./disk.js";
import type { Snapshots } from "./snapshots.js";
import {
  appliedIn,
  newSnapshots,
  performSnapshotEffect,
  wholeSnapshot,
  workOnce,
} from "./snapshots.js";

/** Of a cluster whose nodes were not bootstrapped, but made with a configuration. */
export const CLUSTER_INSTANCE = "cluster-instance-1";

export interface TestNode {
  readonly id: NodeId;
  bootstrap: readonly Peer[];
  options: Partial<RaftOptions>;
  random: () => number;
  incarnation: string;
  run: number;
  address: string;
  disk: Disk;
  snapshots: Snapshots;
  raft: Raft;
  alive: boolean;
  nextSeq: number;
  nextReadId: number;
  nextTransferId: number;
  /** `term:data` of each entry applied in this run; entry i + 1 is at i. */
  applied: string[];
}

export interface Packet {
  readonly from: Sender;
  readonly to: NodeId;
  readonly message: Message;
  held: boolean;
}

export interface Cluster {
  now: number;
  readonly nodes: Map<NodeId, TestNode>;
  packets: Packet[];
  /** Sees every effect. */
  observe: (id: NodeId, effect: Effect) => void;
}

export function newCluster(): Cluster {
  return { now: 0, nodes: new Map(), packets: [], observe: () => {} };
}

export function nodeOf(cluster: Cluster, id: NodeId): TestNode {
  const node = cluster.nodes.get(id);
  if (!node) throw new Error(`there is no node ${id}`);
  return node;
}

/** The name of a node's n-th data directory. */
export function incarnationOf(id: NodeId, n = 1): string {
  return `${id}-data-directory-${n}`;
}

export function peersNamed(ids: readonly NodeId[]): readonly Peer[] {
  return ids.map((id) => ({ id, address: `${id}.test:7000` }));
}

/** By its first data directory. */
export function memberNamed(id: NodeId): Member {
  return { id, incarnation: incarnationOf(id) };
}

export function serversNamed(ids: readonly NodeId[]): readonly Server[] {
  return peersNamed(ids).map((peer) => ({ ...peer, incarnation: incarnationOf(peer.id) }));
}

export function configurationOf(
  voters: readonly NodeId[],
  more: { readonly learners?: readonly NodeId[]; readonly outgoing?: readonly NodeId[] } = {},
): Configuration {
  return {
    clusterInstance: CLUSTER_INSTANCE,
    voters: serversNamed(voters),
    learners: serversNamed(more.learners ?? []),
    outgoing: serversNamed(more.outgoing ?? []),
  };
}

export interface NodeSetup {
  readonly bootstrap: readonly NodeId[];
  /**
   * Undefined: a blank node. Else the configuration is entry 1, and these are the terms of the
   * entries after it.
   */
  readonly terms?: readonly number[];
  readonly currentTerm?: number;
  readonly votedFor?: NodeId | null;
  readonly random?: () => number;
  readonly options?: Partial<RaftOptions>;
}

export function addNode(cluster: Cluster, id: NodeId, setup: NodeSetup): void {
  const disk = newDisk();
  const { terms, bootstrap } = setup;
  if (terms) {
    disk.entries.push(
      encodeRun(1, 1, EntryKind.configuration, [encodeConfiguration(configurationOf(bootstrap))]),
    );
    for (const term of terms) {
      disk.entries.push(
        encodeRun(disk.entries.length + 1, term, EntryKind.command, [new Uint8Array([term])]),
      );
    }
  }
  disk.hardState = {
    currentTerm: setup.currentTerm ?? Math.max(terms ? 1 : 0, ...(terms ?? [])),
    votedFor: setup.votedFor == null ? null : memberNamed(setup.votedFor),
  };
  const node = {
    id,
    bootstrap: peersNamed(bootstrap),
    options: setup.options ?? {},
    random: setup.random ?? (() => 0),
    incarnation: incarnationOf(id),
    run: 1,
    address: `${id}.test:7000`,
    disk,
    snapshots: newSnapshots(),
    alive: true,
    nextSeq: 1,
    nextReadId: 1,
    nextTransferId: 1,
    applied: [],
  };
  const added = Object.assign(node, { raft: openRaft(node) });
  cluster.nodes.set(id, added);
  // It was started long ago: one that has just restarted refuses votes (operations/lease.ts).
  const begin = { type: "applied", index: node.applied.length } as const;
  for (const effect of added.raft.step(cluster.now - 1000, begin)) perform(cluster, added, effect);
}

function openRaft(node: Omit<TestNode, "raft">): Raft {
  const options: RaftOptions = {
    id: node.id,
    incarnation: node.incarnation,
    run: node.run,
    address: node.address,
    clusterInstance: `instance-of-${node.incarnation}`,
    bootstrap: node.bootstrap,
    random: () => node.random(),
    electionTimeoutMs: { min: 150, max: 300 },
    heartbeatIntervalMs: 50,
    maxMessageBytes: 2 ** 20,
    maxInflightMessages: 256,
    maxInflightBytes: 8 * 2 ** 20,
    maxUncommittedBytes: 64 * 2 ** 20,
    maxLogBytes: 2 ** 30,
    ...node.options,
  };
  return new Raft(options, {
    hardState: node.disk.hardState,
    base: node.disk.base,
    snapshot: wholeSnapshot(node.snapshots)?.meta ?? null,
    damagedSnapshotIndex: node.snapshots.isDamaged ? (node.snapshots.newest?.meta.index ?? 0) : 0,
    entries: [...node.disk.entries],
    applied: node.applied.length,
  });
}

/** What wasn't durable is gone, and the node is silent until it restarts. */
export function crash(node: TestNode): void {
  node.alive = false;
  node.disk.pending.length = 0;
  node.snapshots.work.length = 0;
  node.snapshots.sink = null;
  node.snapshots.readers.clear();
}

export function restart(
  node: TestNode,
  change: {
    readonly wiped?: boolean;
    readonly bootstrap?: readonly NodeId[];
    /** The machine's state is durable: it holds what it had applied. */
    readonly keepsState?: boolean;
  } = {},
): void {
  node.run++;
  if (change.wiped === true) {
    node.disk = newDisk();
    node.snapshots = newSnapshots();
    node.incarnation = incarnationOf(node.id, Number(node.incarnation.split("-").at(-1)) + 1);
    node.run = 1;
  }
  if (change.bootstrap) node.bootstrap = peersNamed(change.bootstrap);
  Object.assign(node, { alive: true, nextSeq: 1, nextReadId: 1, nextTransferId: 1 });
  if (change.keepsState !== true) {
    // A machine in memory: restored, and not at all where the log begins behind the snapshot.
    const found = wholeSnapshot(node.snapshots);
    node.applied = found && found.meta.index >= node.disk.base.index ? appliedIn(found) : [];
  }
  node.raft = openRaft(node);
}

export function step(cluster: Cluster, node: TestNode, input: Input): void {
  if (!node.alive) return;
  for (const effect of node.raft.step(cluster.now, input)) perform(cluster, node, effect);
}

function perform(cluster: Cluster, node: TestNode, effect: Effect): void {
  cluster.observe(node.id, effect);
  if (effect.type === "send") {
    cluster.packets.push({
      from: { id: node.id, incarnation: node.incarnation, run: node.run },
      to: effect.to,
      message: overTheWire(effect.message),
      held: false,
    });
  } else if (effect.type === "persist") {
    node.disk.pending.push(effect);
  } else if (effect.type === "apply") {
    for (const run of effect.entries) {
      for (const entry of readEntries(run)) {
        if (entry.index !== node.applied.length + 1) {
          throw new Error(`${node.id} applied ${entry.index} after ${node.applied.length}`);
        }
        node.applied.push(`${entry.term}:${entry.kind}:${entry.data.join()}`);
      }
    }
    step(cluster, node, { type: "applied", index: node.applied.length });
  } else if (effect.type === "restore") {
    node.applied = appliedIn(node.snapshots.committed.get(effect.snapshot.snapshotId) ?? null);
    step(cluster, node, { type: "applied", index: node.applied.length });
  } else performSnapshotEffect(node, effect);
}

/** As a receiver reads it: bytes of its own. */
function overTheWire(message: Message): Message {
  const parts = messagePayload(message);
  const payload = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    payload.set(part, at);
    at += part.length;
  }
  const decoded = decodeMessage(messageHeader(message), payload);
  if (!decoded) {
    throw new Error(`no receiver would understand ${JSON.stringify(messageHeader(message))}`);
  }
  return decoded;
}

/** Hands a packet to its addressee, if that is up. */
export function deliver(cluster: Cluster, { from, to, message }: Packet): void {
  const node = cluster.nodes.get(to);
  if (node) step(cluster, node, { type: "receive", from, message });
}

/** @returns false when nothing was pending */
export function finishOneWrite(cluster: Cluster, node: TestNode): boolean {
  const seq = finishWrite(node.disk);
  if (seq !== undefined) step(cluster, node, { type: "persisted", seq });
  return seq !== undefined;
}

/** @returns false when its snapshot lane had nothing to do */
export function workOnSnapshots(cluster: Cluster, node: TestNode): boolean {
  return node.alive && workOnce(node, (input) => step(cluster, node, input));
}

/** Ends the turns that are open and rings the timers that are due. */
export function endTurns(cluster: Cluster): void {
  for (const node of cluster.nodes.values()) {
    if (node.alive && node.raft.deadline <= cluster.now) step(cluster, node, { type: "tick" });
  }
}

/** When the next timer of any node rings. */
export function nextDeadline(cluster: Cluster): number {
  return Math.min(
    ...[...cluster.nodes.values()].filter((node) => node.alive).map((node) => node.raft.deadline),
  );
}
