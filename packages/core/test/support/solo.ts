// One node with everybody else made by hand: what it says is looked at, what it hears is told.
import type { Effect, Message, NodeId, Sender } from "@raftkit/core";
import type { Cluster, NodeSetup, TestNode } from "./cluster.js";
import {
  addNode,
  deliver,
  endTurns,
  finishOneWrite,
  incarnationOf,
  newCluster,
  nextDeadline,
  nodeOf,
  step,
} from "./cluster.js";
import { handmade } from "./handmade.js";

export interface Solo {
  readonly cluster: Cluster;
  readonly node: TestNode;
  effects: Effect[];
}

/** n1, of a cluster of `nodes`; its disk does nothing by itself. */
export function solo(nodes: number, setup: Partial<NodeSetup> = {}): Solo {
  const cluster = newCluster();
  const bootstrap = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  addNode(cluster, "n1", { bootstrap, terms: [], ...setup });
  const made: Solo = { cluster, node: nodeOf(cluster, "n1"), effects: [] };
  cluster.observe = (_, effect) => made.effects.push(effect);
  endTurns(cluster);
  return made;
}

/** n1 leads term 2: entry 1 is the configuration, entry `2 + terms.length` its no-op. */
export function soloLeader(nodes: number, setup: Partial<NodeSetup> = {}): Solo {
  const made = solo(nodes, setup);
  campaign(made);
  const { currentTerm } = made.node.raft.status;
  for (let i = 2; i <= nodes; i++) {
    hear(made, `n${i}`, "requestVoteReply", { term: currentTerm, granted: "true" });
  }
  made.effects = [];
  return made;
}

/** Its timer runs out, all pre-vote for it, its own vote is durable: the requests are on their way. */
export function campaign(made: Solo): void {
  timeout(made);
  const term = made.node.raft.status.currentTerm + 1;
  for (let i = 2; i <= made.node.bootstrap.length; i++) {
    hear(made, `n${i}`, "preVoteReply", { term, granted: "true" });
  }
  persist(made);
}

export function timeout({ cluster }: Solo): void {
  cluster.now = Math.max(cluster.now, nextDeadline(cluster));
  endTurns(cluster);
}

/** All writes that are under way end. */
export function persist({ cluster, node }: Solo): void {
  for (let writes = 0; finishOneWrite(cluster, node); writes++) {
    if (writes > 100) throw new Error("it never stops writing");
    endTurns(cluster);
  }
  endTurns(cluster);
}

export function propose({ cluster, node }: Solo, count = 1): void {
  const commands = Array.from({ length: count }, () => Uint8Array.of(1));
  step(cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
  node.nextSeq += count;
  endTurns(cluster);
}

/** @param from of which run and directory, else the first */
export function hear(
  { cluster }: Solo,
  from: NodeId,
  type: Message["type"],
  fields: Readonly<Record<string, string | number>>,
  more: Partial<Sender> & { readonly to?: number } = {},
): void {
  const { to = 1, ...rest } = more;
  const sender = { id: from, incarnation: incarnationOf(from), run: 1, ...rest };
  const text = new Map(Object.entries(fields).map(([name, value]) => [name, `${value}`]));
  const message = handmade(type, incarnationOf("n1", to), text);
  deliver(cluster, { from: sender, to: "n1", message, held: false });
  endTurns(cluster);
}

/** What it sent of this type since the effects were last cleared. */
export function sent<T extends Message["type"]>(
  { effects }: Solo,
  type: T,
): Extract<Message, { type: T }>[] {
  return effects.flatMap((effect) =>
    effect.type === "send" && isOf(effect.message, type) ? [effect.message] : [],
  );
}

function isOf<T extends Message["type"]>(
  message: Message,
  type: T,
): message is Extract<Message, { type: T }> {
  return message.type === type;
}
