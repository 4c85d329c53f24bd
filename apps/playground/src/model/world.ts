// What a run consists of: simulated time with its queue of events, the nodes, and the messages on
// their way. Plain data: what happens to it is in the other files of this folder.
import type { HardState, Index, LogOperation, Message, NodeId, Sender, Term } from "@raftkit/core";
import type { EntryKind, EntryRun, Raft, SnapshotMeta } from "@raftkit/core";
import { createRandom, type SeededRandom } from "@raftkit/simulation";

/** Something that is going to happen. */
export interface Planned {
  at: number;
  /** Of two at the same time the one that was planned first comes first. */
  readonly order: number;
  readonly carryOut: () => void;
}

/** A message on its way. `fraction` is a place on it: 0 at the sender, 1 at the addressee. */
export interface Flight {
  readonly id: number;
  readonly from: Sender;
  readonly to: NodeId;
  readonly message: Message;
  /** It was at `startFraction` then, and reaches `endFraction` when `end` comes. */
  startAt: number;
  startFraction: number;
  end: Planned;
  /** Less than 1: it is lost there. */
  endFraction: number;
}

/** An entry as it is drawn. */
export interface LoggedEntry {
  readonly index: Index;
  readonly term: Term;
  readonly kind: EntryKind;
  /** The command, or what else the entry is for. */
  readonly text: string;
}

/** A node's log, for drawing: what core asked to have written, whether it is on the disk or not. */
export interface LogCopy {
  base: { readonly index: Index; readonly term: Term };
  /** A new list with each change: pictures keep the old ones. */
  entries: readonly LoggedEntry[];
}

/** The replicated state: variables and their values. */
export type Machine = Readonly<Record<string, string>>;

export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly data: Uint8Array;
}

/** What survives a crash, and the writes that don't. */
export interface Disk {
  hardState: HardState;
  base: { readonly index: Index; readonly term: Term };
  readonly runs: EntryRun[];
  snapshot: StoredSnapshot | undefined;
  pending: { readonly seq: number; readonly operations: readonly LogOperation[] }[];
  isWriting: boolean;
}

export interface SimulatedNode {
  /** From 1. */
  readonly number: number;
  readonly id: NodeId;
  readonly incarnation: string;
  /** It was started later than the cluster, and is no member by itself. */
  readonly isJoiner: boolean;
  readonly random: SeededRandom;
  readonly disk: Disk;
  /** Undefined: it is down. */
  raft: Raft | undefined;
  /** Why it stopped by itself. */
  failure: string | undefined;
  run: number;
  /** Its clock, compared with the simulation's. */
  clockAheadMs: number;
  timer: Planned | undefined;
  log: LogCopy;
  machine: Machine;
  lastApplied: Index;
  /** Who grants it the election that it asked for, itself included. */
  readonly votes: Set<NodeId>;
  isPreCandidate: boolean;
  /** As its role was last announced. */
  term: Term;
  /** Of this run's proposals. */
  lastSeq: number;
  /** Of this run's transfers and membership changes. */
  lastQuestion: number;
  /** Snapshots that are sent or were taken in this run. */
  readonly readable: Map<string, StoredSnapshot>;
  receiving: { readonly install: number; readonly parts: Uint8Array[] } | undefined;
  isCapturing: boolean;
}

/** What happened, for the list of events. */
export interface Occurrence {
  readonly number: number;
  readonly at: number;
  readonly kind: "role" | "vote" | "commit" | "client" | "fault" | "snapshot" | "members";
  readonly node: NodeId | undefined;
  readonly text: string;
}

/** How a run differs from the usual one. */
export interface Conditions {
  /** Bytes of entries in one AppendEntries, and of a snapshot in one InstallSnapshot. */
  readonly maxMessageBytes: number;
  /** The log's limit; a node keeps an eighth of it before its snapshot. */
  readonly maxLogBytes: number;
  /** A node takes a snapshot when it has applied so many entries since the last one. */
  readonly snapshotEvery: number;
}

/** What the nodes have stored when a run begins. */
export interface StoredState {
  readonly currentTerm: Term;
  /** The terms of the entries from index 2 on: entry 1 is the configuration, of term 1. */
  readonly terms: readonly Term[];
}

/** All that a run depends on, beside the actions. */
export interface Setup {
  /** A safe integer, not negative. */
  readonly seed: number;
  /** 3 to 7 initial voters. */
  readonly nodes: number;
  readonly conditions?: Partial<Conditions> | undefined;
  /** One for each node; without it every log holds the configuration alone. */
  readonly stored?: readonly StoredState[] | undefined;
}

export interface World {
  readonly setup: Setup;
  readonly conditions: Conditions;
  /** Simulated milliseconds since the beginning. */
  now: number;
  /** How many events have happened. */
  events: number;
  queue: Planned[];
  lastOrder: number;
  readonly random: { readonly network: SeededRandom; readonly disk: SeededRandom };
  readonly nodes: SimulatedNode[];
  readonly flights: Map<number, Flight>;
  lastFlightId: number;
  /** When the last message of a link arrives: links keep the order. */
  readonly lastArrivals: Map<string, number>;
  readonly cuts: Set<string>;
  /** Of 100 messages so many are lost. */
  lossPercent: number;
  requests: number;
  savedSnapshots: number;
  readonly occurrences: Occurrence[];
  lastOccurrence: number;
}

export const NODES_MIN = 3;
export const NODES_MAX = 7;

/** Older ones are forgotten. */
const OCCURRENCES_MAX = 500;

const USUAL: Conditions = { maxMessageBytes: 4_096, maxLogBytes: 16_384, snapshotEvery: 24 };

export function createWorld(setup: Setup): World {
  const random = createRandom(setup.seed);
  return {
    setup,
    conditions: { ...USUAL, ...setup.conditions },
    now: 0,
    events: 0,
    queue: [],
    lastOrder: 0,
    random: { network: random.fork("network"), disk: random.fork("disk") },
    nodes: [],
    flights: new Map(),
    lastFlightId: 0,
    lastArrivals: new Map(),
    cuts: new Set(),
    lossPercent: 0,
    requests: 0,
    savedSnapshots: 0,
    occurrences: [],
    lastOccurrence: 0,
  };
}

export function plan(world: World, at: number, carryOut: () => void): Planned {
  const planned = { at, order: ++world.lastOrder, carryOut };
  world.queue.push(planned);
  return planned;
}

export function unplan(world: World, planned: Planned | undefined): void {
  if (planned) world.queue = world.queue.filter((other) => other !== planned);
}

/** For this run of the node only: a crash ends it. */
export function planFor(
  world: World,
  node: SimulatedNode,
  afterMs: number,
  carryOut: () => void,
): void {
  const { run } = node;
  plan(world, world.now + afterMs, () => {
    if (node.raft && node.run === run) carryOut();
  });
}

export function nextEvent({ queue }: World): Planned | undefined {
  let next = queue[0];
  for (const other of queue) {
    if (!next || other.at < next.at || (other.at === next.at && other.order < next.order)) {
      next = other;
    }
  }
  return next;
}

export function note(
  world: World,
  kind: Occurrence["kind"],
  node: NodeId | undefined,
  text: string,
): void {
  const { occurrences, now: at } = world;
  occurrences.push({ number: ++world.lastOccurrence, at, kind, node, text });
  if (occurrences.length > OCCURRENCES_MAX) occurrences.shift();
}

export function nodeOf({ nodes }: World, id: NodeId): SimulatedNode | undefined {
  return nodes.find((node) => node.id === id);
}

export function linkKey(a: NodeId, b: NodeId): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** How far a message has come at a time. */
export function fractionOf(flight: Flight, at: number): number {
  const { startAt, startFraction, endFraction, end } = flight;
  const passed = end.at > startAt ? (at - startAt) / (end.at - startAt) : 1;
  return startFraction + (endFraction - startFraction) * Math.min(1, Math.max(0, passed));
}
