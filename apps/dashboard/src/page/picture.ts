// A view as it is drawn: each node with its state in words, and who leads. Pure.
import type { ClusterPart, DashboardView, NodeView, PeerView, RaftView } from "../view.js";

/** `unseen`: this page doesn't ask it. */
export type NodeState = "up" | "starting" | "paused" | "silent" | "down" | "ended" | "unseen";
export type Membership = "voter" | "learner" | "leaving" | "none";

export interface NodePicture {
  readonly id: string;
  readonly view: NodeView;
  readonly state: NodeState;
  /** What it said last; of a node that is down, too. */
  readonly raft: RaftView | null;
  /** Undefined: not known. */
  readonly term: number | undefined;
  readonly isLeader: boolean;
  readonly membership: Membership;
  /** On request. */
  readonly isDiskSlow: boolean;
  /** In words. */
  readonly role: string;
}

export interface Picture {
  readonly cluster: ClusterPart | null;
  readonly nodes: readonly NodePicture[];
  readonly leader: NodePicture | undefined;
  /** How far the leader knows the others to be. */
  readonly peers: ReadonlyMap<string, PeerView>;
  readonly isCut: (a: string, b: string) => boolean;
}

export function pictureOf({ cluster, nodes }: DashboardView): Picture {
  const configuration = nodes
    .flatMap(({ raft }) => (raft?.configuration ? [raft] : []))
    .toSorted((a, b) => b.configurationIndex - a.configurationIndex)[0]?.configuration;
  const membershipOf = (id: string): Membership => {
    if (configuration?.voters.includes(id) === true) return "voter";
    if (configuration?.learners.includes(id) === true) return "learner";
    return configuration?.outgoing.includes(id) === true ? "leaving" : "none";
  };
  const own = cluster === null ? nodes.find(({ raft }) => raft !== null)?.raft : undefined;
  const drawn = nodes
    .map((node) =>
      own && node.raft === null
        ? drawUnseen(node, membershipOf(node.id), own)
        : draw(node, membershipOf(node.id)),
    )
    .toSorted((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
  const leader = drawn
    .filter(({ isLeader }) => isLeader)
    .toSorted((a, b) => (b.term ?? 0) - (a.term ?? 0))[0];
  const cuts = new Set(cluster?.cuts.map(([a, b]) => `${a} ${b}`));
  return {
    cluster,
    nodes: drawn,
    leader,
    peers: new Map(leader?.raft?.peers.map((peer) => [peer.id, peer])),
    isCut: (a, b) => cuts.has(`${a} ${b}`) || cuts.has(`${b} ${a}`),
  };
}

function draw(view: NodeView, membership: Membership): NodePicture {
  const { id, raft } = view;
  const state = stateOf(view);
  const isLeader = state === "up" && raft?.role === "leader";
  const isDiskSlow = (view.process?.diskDelayMs ?? 0) > 0;
  const role = `${roleText(state, raft, membership)}${isDiskSlow ? ", slow disk" : ""}`;
  return { id, view, state, raft, term: raft?.term, isLeader, membership, isDiskSlow, role };
}

/** Of the others a node knows who leads. */
function drawUnseen(view: NodeView, membership: Membership, own: RaftView): NodePicture {
  const { id } = view;
  const isLeader = own.leaderId === id;
  const term = isLeader ? own.term : undefined;
  return {
    id,
    view,
    state: "unseen",
    raft: null,
    term,
    isLeader,
    membership,
    isDiskSlow: false,
    role: isLeader ? "leader" : STATES.unseen,
  };
}

function stateOf({ process, answers, raft }: NodeView): NodeState {
  switch (process?.state) {
    case "starting":
    case "paused":
    case "ended":
      return process.state;
    case "killed":
      return "down";
    case "running":
      return answers ? "up" : "silent";
    case undefined:
      return raft === null ? "unseen" : "up";
  }
}

const STATES: Readonly<Record<Exclude<NodeState, "up">, string>> = {
  starting: "starting",
  paused: "paused",
  silent: "no answer",
  down: "down",
  ended: "ended by itself",
  unseen: "not asked here",
};

function roleText(state: NodeState, raft: RaftView | null, membership: Membership): string {
  if (state !== "up") return STATES[state];
  if (raft?.role === "leader") return membership === "none" ? "leader, leaving" : "leader";
  if (raft?.role === "candidate") return "candidate";
  if (raft?.role === "preCandidate") return "pre-candidate";
  if (raft?.role === null) return "stopped";
  if (membership === "voter") return "follower";
  return membership === "none" ? "not a member" : membership;
}
