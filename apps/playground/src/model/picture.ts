// A run at one moment, as it is drawn.
import type { Configuration, Index, NodeId, RoleName, Term } from "@raftkit/core";
import { isJoint } from "@raftkit/core";
import { leaderIn } from "./actions.js";
import { ELECTION_TIMEOUT_MAX_MS } from "./node.js";
import type { LoggedEntry, Machine, SimulatedNode, World } from "./world.js";

export type Membership = "voter" | "learner" | "leaving" | "none";

export interface NodePicture {
  readonly number: number;
  readonly id: NodeId;
  readonly state: "up" | "down" | "failed";
  readonly failure: string | undefined;
  readonly role: RoleName;
  /** A candidate that only asks whether it would be elected. */
  readonly isPreCandidate: boolean;
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly leaderId: NodeId | null;
  /** Who grants it the election that it asks for. */
  readonly votes: readonly NodeId[];
  readonly membership: Membership;
  /** When its election timer runs out, in simulated ms; Infinity: it has none. */
  readonly electionAt: number;
  readonly commitIndex: Index;
  readonly appliedIndex: Index;
  readonly durableIndex: Index;
  readonly base: { readonly index: Index; readonly term: Term };
  readonly entries: readonly LoggedEntry[];
  /** 0: there is none. */
  readonly snapshotIndex: Index;
  readonly machine: Machine;
  /** Nodes that a leader knows, and that are no members. */
  readonly introduced: readonly NodeId[];
  /** A leader's view of the others. */
  readonly peers: readonly {
    readonly id: NodeId;
    readonly matchIndex: Index;
    readonly nextIndex: Index;
    /** A learner that took so long for what the log held may become a voter. */
    readonly catchUpMs: number;
  }[];
}

export interface Picture {
  readonly now: number;
  readonly events: number;
  readonly nodes: readonly NodePicture[];
  /** Of several the one of the latest term. */
  readonly leader: NodePicture | undefined;
  readonly isJoint: boolean;
  readonly cuts: ReadonlySet<string>;
  readonly lossPercent: number;
}

export { ELECTION_TIMEOUT_MAX_MS };

export function pictureOf(world: World): Picture {
  const configuration = latestConfiguration(world);
  const nodes = world.nodes.map((node) => drawNode(node, configuration));
  const leader = leaderIn(world);
  return {
    now: world.now,
    events: world.events,
    nodes,
    leader: nodes.find(({ id }) => id === leader?.id),
    isJoint: configuration !== undefined && isJoint(configuration),
    cuts: new Set(world.cuts),
    lossPercent: world.lossPercent,
  };
}

/** The leader's; without one, that of the latest entry that anybody goes by. */
function latestConfiguration(world: World): Configuration | undefined {
  const leading = leaderIn(world)?.raft?.status.configuration;
  if (leading) return leading;
  let latest: { index: Index; configuration: Configuration | undefined } | undefined;
  for (const { raft } of world.nodes) {
    const status = raft?.status;
    if (!status || status.configurationIndex <= (latest?.index ?? 0)) continue;
    latest = { index: status.configurationIndex, configuration: status.configuration };
  }
  return latest?.configuration;
}

function membershipOf(id: NodeId, configuration: Configuration | undefined): Membership {
  const names = (list: readonly { readonly id: NodeId }[] | undefined): boolean =>
    list?.some((server) => server.id === id) ?? false;
  if (names(configuration?.voters)) return "voter";
  if (names(configuration?.learners)) return "learner";
  return names(configuration?.outgoing) ? "leaving" : "none";
}

function drawNode(node: SimulatedNode, configuration: Configuration | undefined): NodePicture {
  const { raft, disk, log } = node;
  const status = raft?.status;
  const lastStored = log.entries.at(-1)?.index ?? log.base.index;
  return {
    number: node.number,
    id: node.id,
    state: raft ? "up" : node.failure === undefined ? "down" : "failed",
    failure: node.failure,
    role: status?.role ?? "follower",
    isPreCandidate: node.isPreCandidate,
    term: status?.currentTerm ?? disk.hardState.currentTerm,
    votedFor: (status ? status.votedFor : disk.hardState.votedFor)?.id ?? null,
    leaderId: status?.leaderId ?? null,
    votes: [...node.votes],
    membership: membershipOf(node.id, configuration),
    electionAt: raft && status?.role !== "leader" ? raft.deadline - node.clockAheadMs : Infinity,
    commitIndex: status?.commitIndex ?? 0,
    appliedIndex: status?.lastApplied ?? 0,
    durableIndex: status?.durableIndex ?? lastStored,
    base: log.base,
    entries: log.entries,
    snapshotIndex: disk.snapshot?.meta.index ?? 0,
    machine: node.machine,
    introduced: status?.introductions.map(({ id }) => id) ?? [],
    peers: status?.peers ?? [],
  };
}
