// What a person can do to a run, and how it is written in a link: a letter and numbers.
import type { NodeId } from "@raftkit/core";
import { encodeText } from "./log-copy.js";
import { cutLink, delayFlight, dropFlight, loseHalfWay, MORE_DELAY_MS } from "./network.js";
import { createNode, localNow, startNode, stopNode, tell } from "./node.js";
import { takeSnapshot } from "./snapshots.js";
import type { SimulatedNode, World } from "./world.js";
import { linkKey, NODES_MAX, note } from "./world.js";

/** Nodes are numbered from 1, messages by their id. */
export type Action =
  /** A client sends the next request to this node. */
  | { readonly type: "request"; readonly node: number }
  | { readonly type: "crash"; readonly node: number }
  | { readonly type: "restart"; readonly node: number }
  /** Its clock jumps to the end of its election timeout. */
  | { readonly type: "timeout"; readonly node: number }
  | { readonly type: "snapshot"; readonly node: number }
  /** The leader is to hand its leadership on to it. */
  | { readonly type: "transfer"; readonly node: number }
  /** All its links at once. */
  | { readonly type: "isolate"; readonly node: number }
  | { readonly type: "reconnect"; readonly node: number }
  | { readonly type: "cut"; readonly node: number; readonly other: number }
  | { readonly type: "mend"; readonly node: number; readonly other: number }
  | { readonly type: "mendAll" }
  | { readonly type: "drop"; readonly message: number }
  /** It vanishes half way. */
  | { readonly type: "lose"; readonly message: number }
  | { readonly type: "delay"; readonly message: number }
  | { readonly type: "loss"; readonly percent: number }
  /** One more node is started, which is no member yet. */
  | { readonly type: "add" }
  | { readonly type: "learner"; readonly node: number }
  | { readonly type: "voter"; readonly node: number }
  | { readonly type: "remove"; readonly node: number }
  /** A step of the scene begins; nothing else happens. */
  | { readonly type: "step"; readonly step: number };

/** @returns whether it meant anything in this state: else nothing has changed */
export function carryOut(world: World, action: Action): boolean {
  switch (action.type) {
    case "step":
      return true;
    case "drop":
    case "lose":
    case "delay":
      return changeFlight(world, action);
    case "loss":
      world.lossPercent = action.percent;
      note(world, "fault", undefined, `${action.percent} % of all messages are lost from now on`);
      return true;
    case "mendAll":
      world.cuts.clear();
      note(world, "fault", undefined, "all links work again");
      return true;
    case "add":
      return addNode(world);
    case "cut":
    case "mend":
      return changeLink(world, action);
    default: {
      const node = world.nodes[action.node - 1];
      return node !== undefined && changeNode(world, node, action);
    }
  }
}

type OnMessage = Extract<Action, { readonly message: number }>;
type OnLink = Extract<Action, { readonly other: number }>;
type OnNode = Exclude<Extract<Action, { readonly node: number }>, OnLink>;

const FATES: Readonly<Record<OnMessage["type"], string>> = {
  drop: "is dropped",
  lose: "is lost on its way",
  delay: `is delayed by ${MORE_DELAY_MS} ms`,
};

function changeFlight(world: World, { type, message }: OnMessage): boolean {
  const flight = world.flights.get(message);
  if (!flight) return false;
  const what = `${flight.message.type} from ${flight.from.id} to ${flight.to}`;
  if (type === "drop") dropFlight(world, flight);
  else if (type === "lose") loseHalfWay(flight);
  else delayFlight(world, flight);
  note(world, "fault", undefined, `${what} ${FATES[type]}`);
  return true;
}

function changeLink(world: World, { type, node, other }: OnLink): boolean {
  const [a, b] = [world.nodes[node - 1], world.nodes[other - 1]];
  if (!a || !b || a === b) return false;
  if (type === "cut") cutLink(world, a.id, b.id);
  else world.cuts.delete(linkKey(a.id, b.id));
  const what = type === "cut" ? "is cut" : "works again";
  note(world, "fault", undefined, `the link between ${a.id} and ${b.id} ${what}`);
  return true;
}

function addNode(world: World): boolean {
  if (world.nodes.length >= NODES_MAX) return false;
  const node = createNode(world, world.nodes.length + 1, true);
  world.nodes.push(node);
  note(world, "members", node.id, "is started with an empty disk, to join the cluster");
  startNode(world, node);
  return true;
}

function changeNode(world: World, node: SimulatedNode, action: OnNode): boolean {
  const { id } = node;
  switch (action.type) {
    case "request":
      return request(world, node);
    case "crash":
      if (!node.raft) return false;
      note(world, "fault", id, "crashes");
      stopNode(world, node);
      return true;
    case "restart":
      if (node.raft) return false;
      note(world, "fault", id, "starts again, with what is on its disk");
      node.failure = undefined;
      startNode(world, node);
      return true;
    case "timeout":
      return timeOut(world, node);
    case "snapshot":
      return (
        node.raft !== undefined && takeSnapshot(world, node, (told) => tell(world, node, told))
      );
    case "isolate":
    case "reconnect":
      changeLinksOf(world, node, action.type);
      return true;
    case "transfer":
      return atLeader(world, (leader) => {
        note(world, "members", leader.id, `is asked to hand its leadership on to ${id}`);
        tell(world, leader, { type: "transferLeadership", id: nextQuestion(leader), target: id });
      });
    case "learner":
    case "voter":
    case "remove":
      return changeMembers(world, id, action.type);
  }
}

/** Commands give x, y and z values in turn. */
function request(world: World, node: SimulatedNode): boolean {
  if (!node.raft) return false;
  const number = ++world.requests;
  const command = `${"xyz"[(number - 1) % 3] ?? "x"}=${number}`;
  note(world, "client", node.id, `is asked by a client to set ${command}`);
  tell(world, node, { type: "propose", firstSeq: ++node.lastSeq, commands: [encodeText(command)] });
  return true;
}

/** Other deadlines may come before the election's. */
const DEADLINES_MAX = 8;

function timeOut(world: World, node: SimulatedNode): boolean {
  if (!node.raft || node.raft.status.role === "leader") return false;
  note(world, "fault", node.id, "has its election timer run out at once");
  const { role, currentTerm } = node.raft.status;
  for (let i = 0; i < DEADLINES_MAX && node.raft; i++) {
    const { deadline, status } = node.raft;
    if (deadline === Infinity || status.role !== role || status.currentTerm !== currentTerm) break;
    node.clockAheadMs += Math.max(0, deadline - localNow(world, node));
    tell(world, node, { type: "tick" });
  }
  return true;
}

function changeLinksOf(world: World, node: SimulatedNode, type: "isolate" | "reconnect"): void {
  for (const other of world.nodes) {
    if (other === node) continue;
    if (type === "isolate") cutLink(world, node.id, other.id);
    else world.cuts.delete(linkKey(node.id, other.id));
  }
  const what = type === "isolate" ? "is cut off from all others" : "is connected to all others";
  note(world, "fault", node.id, what);
}

/** Of several the one of the latest term. */
export function leaderIn({ nodes }: World): SimulatedNode | undefined {
  const leaders = nodes.filter(({ raft }) => raft?.status.role === "leader");
  const termOf = ({ raft }: SimulatedNode): number => raft?.status.currentTerm ?? 0;
  return leaders.sort((a, b) => termOf(b) - termOf(a))[0];
}

function atLeader(world: World, order: (leader: SimulatedNode) => void): boolean {
  const leader = leaderIn(world);
  if (leader) order(leader);
  return leader !== undefined;
}

function nextQuestion(node: SimulatedNode): number {
  return ++node.lastQuestion;
}

function changeMembers(world: World, id: NodeId, to: "learner" | "voter" | "remove"): boolean {
  return atLeader(world, (leader) => {
    const status = leader.raft?.status;
    const without = (list: readonly { readonly id: NodeId }[] = []): NodeId[] =>
      list.map((server) => server.id).filter((other) => other !== id);
    const voters = without(status?.configuration?.voters);
    const learners = without(status?.configuration?.learners);
    if (to === "voter") voters.push(id);
    if (to === "learner") learners.push(id);
    const what = to === "remove" ? `to take out ${id}` : `to make ${id} a ${to}`;
    note(world, "members", leader.id, `is asked ${what}`);
    tell(world, leader, {
      type: "changeMembership",
      id: nextQuestion(leader),
      expected: status?.configurationIndex ?? 0,
      voters,
      learners,
    });
  });
}
