// Where a golden file plays: the cluster with what is cut off of it and what is printed, the
// packets that a command means, and how time goes on.
import type { NodeId } from "@raftkit/core";
import type { Cluster, Packet } from "./cluster.js";
import { deliver, endTurns, finishOneWrite, nextDeadline } from "./cluster.js";

export interface Scene {
  readonly cluster: Cluster;
  lines: string[];
  quiet: boolean;
  /** Since the last `count`: what was sent, by kind. */
  sent: Map<string, number>;
  readonly cut: Set<NodeId>;
}

export function say(scene: Scene, line: string): void {
  scene.lines.push(line);
}

/**
 * Packets that a pattern such as `n1>n2 appendEntries 1st` names: a link (or `*>n2`), a type, which
 * of them.
 */
export function select(scene: Scene, words: readonly string[]): Packet[] {
  let found = scene.cluster.packets;
  for (const word of words) {
    const ordinal = /^(\d+)(?:st|nd|rd|th)$/.exec(word);
    const link = /^(\*|\w+)>(\*|\w+)$/.exec(word);
    if (ordinal) found = found.slice(Number(ordinal[1]) - 1, Number(ordinal[1]));
    else if (link) {
      found = found.filter(
        ({ from, to }) =>
          (link[1] === "*" || link[1] === from.id) && (link[2] === "*" || link[2] === to),
      );
    } else if (word === "held") found = found.filter(({ held }) => held);
    else found = found.filter(({ message }) => message.type === word);
  }
  if (!words.includes("held")) found = found.filter(({ held }) => !held);
  if (found.length === 0) throw new Error("no message matches");
  return found;
}

export function remove(scene: Scene, packets: readonly Packet[]): void {
  scene.cluster.packets = scene.cluster.packets.filter((packet) => !packets.includes(packet));
}

export function isCut(scene: Scene, { from, to }: Packet): boolean {
  return scene.cut.has(from.id) || scene.cut.has(to);
}

/** Delivers and writes until nothing moves; time stands still. */
export function settle(scene: Scene): void {
  const { cluster } = scene;
  endTurns(cluster);
  for (let rounds = 0; rounds < 100_000; rounds++) {
    const moving = cluster.packets.filter(({ held }) => !held);
    let moved = moving.length > 0;
    remove(scene, moving);
    for (const packet of moving) {
      if (!isCut(scene, packet)) deliver(cluster, packet);
    }
    endTurns(cluster);
    for (const node of cluster.nodes.values()) {
      while (!node.disk.held && finishOneWrite(cluster, node)) moved = true;
    }
    endTurns(cluster);
    if (!moved) return;
  }
  throw new Error("it never settles");
}

export function advance(scene: Scene, ms: number, between: () => void): void {
  const { cluster } = scene;
  const until = cluster.now + ms;
  for (let at = nextDeadline(cluster); at <= until; at = nextDeadline(cluster)) {
    cluster.now = Math.max(cluster.now, at);
    endTurns(cluster);
    between();
  }
  cluster.now = until;
}
