// A cluster on simulated time: links with a delay and a speed, on which small messages overtake
// large ones, and disks that take their time. Nothing is random but what a test makes so.
import type { NodeId } from "@raftkit/core";
import { messagePayload } from "@raftkit/core";
import type { Cluster, Packet } from "./cluster.js";
import { deliver, endTurns, finishOneWrite, newCluster, nextDeadline, step } from "./cluster.js";

/** Larger ones travel in pieces, as the transports' contract allows. */
const PIECE_BYTES = 64 * 1024;
const HEADER_BYTES = 100;

export interface Timed {
  readonly cluster: Cluster;
  /** One way. */
  delayMs: number;
  bytesPerMs: number;
  /** How long a write takes on this node's disk; a write takes all that waits. */
  syncMs: (id: NodeId) => number;
  /** "lost": nobody is told; "reported": the sender hears that its peer is unreachable. */
  fate: (packet: Packet, bytes: number) => "arrives" | "lost" | "reported";
  /** What left: for counting. */
  readonly sent: { readonly at: number; readonly packet: Packet; readonly bytes: number }[];
  readonly events: { readonly at: number; readonly happen: () => void }[];
  /** When each link has carried the large messages that it was given. */
  readonly freeAt: Map<string, number>;
  readonly writing: Set<NodeId>;
}

export function newTimed(): Timed {
  return {
    cluster: newCluster(),
    delayMs: 1,
    bytesPerMs: Infinity,
    syncMs: () => 1,
    fate: () => "arrives",
    sent: [],
    events: [],
    freeAt: new Map(),
    writing: new Set(),
  };
}

export function at(timed: Timed, ms: number, happen: () => void): void {
  timed.events.push({ at: ms, happen });
}

function sizeOf({ message }: Packet): number {
  return messagePayload(message).reduce((sum, { length }) => sum + length, HEADER_BYTES);
}

function carry(timed: Timed, packet: Packet): void {
  const { cluster, delayMs, bytesPerMs, freeAt } = timed;
  const bytes = sizeOf(packet);
  timed.sent.push({ at: cluster.now, packet, bytes });
  const fate = timed.fate(packet, bytes);
  if (fate === "reported") {
    at(timed, cluster.now + delayMs, () => {
      const sender = cluster.nodes.get(packet.from.id);
      if (sender) step(cluster, sender, { type: "unreachable", peer: packet.to });
    });
  }
  if (fate !== "arrives") return;
  const link = `${packet.from.id}>${packet.to}`;
  const isLarge = bytes > PIECE_BYTES;
  const startsAt = isLarge ? Math.max(cluster.now, freeAt.get(link) ?? 0) : cluster.now;
  const endsAt = startsAt + bytes / bytesPerMs;
  if (isLarge) freeAt.set(link, endsAt);
  at(timed, endsAt + delayMs, () => deliver(cluster, packet));
}

function write(timed: Timed, id: NodeId): void {
  const { cluster, writing } = timed;
  const node = cluster.nodes.get(id);
  if (!node || writing.has(id) || node.disk.pending.length === 0) return;
  const count = node.disk.pending.length;
  writing.add(id);
  at(timed, cluster.now + timed.syncMs(id), () => {
    writing.delete(id);
    for (let i = 0; i < count; i++) finishOneWrite(cluster, node);
  });
}

function takeEvents(timed: Timed): void {
  endTurns(timed.cluster);
  for (const packet of timed.cluster.packets.splice(0)) carry(timed, packet);
  for (const id of timed.cluster.nodes.keys()) write(timed, id);
}

/** Until `ms` or until something holds. @returns whether it holds */
export function runUntil(timed: Timed, ms: number, holds: () => boolean = () => false): boolean {
  const { cluster, events } = timed;
  for (;;) {
    takeEvents(timed);
    if (holds()) return true;
    events.sort((a, b) => a.at - b.at);
    const next = Math.min(events[0]?.at ?? Infinity, nextDeadline(cluster));
    if (next > ms) {
      cluster.now = Math.max(cluster.now, ms);
      return holds();
    }
    cluster.now = Math.max(cluster.now, next);
    while (events[0] && events[0].at <= cluster.now) events.shift()?.happen();
  }
}
