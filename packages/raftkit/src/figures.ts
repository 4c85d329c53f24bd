// Metrics that instruments read on demand: the node's status, as counters and gauges.
import type { CounterName, NodeStatus, PeerStatus } from "./api.js";
import type { Instrument, Instruments } from "./instruments.js";

interface Figure extends Instrument {
  readonly of: (status: NodeStatus) => number | ReadonlyMap<string, number>;
}

const GAUGES: readonly Figure[] = [
  {
    name: "raftkit.up",
    description: "1 while the node runs, 0 once it failed.",
    of: ({ state }) => Number(state === "running"),
  },
  { name: "raftkit.term", description: "The current term.", of: ({ term }) => term },
  {
    name: "raftkit.role",
    description: "1 for the node's role.",
    label: "role",
    of: ({ role }) =>
      new Map(["follower", "candidate", "leader"].map((one) => [one, Number(one === role)])),
  },
  {
    name: "raftkit.is_leader",
    description: "1 on the leader.",
    of: ({ role }) => Number(role === "leader"),
  },
  {
    name: "raftkit.has_lease",
    description: "1 on a leader that could answer a read by its lease.",
    of: ({ hasLease }) => Number(hasLease),
  },
  {
    name: "raftkit.has_leader",
    description: "1 while a leader is known.",
    of: ({ leaderId }) => Number(leaderId !== null),
  },
  {
    name: "raftkit.last_index",
    description: "The last entry in the log.",
    of: ({ lastIndex }) => lastIndex,
  },
  {
    name: "raftkit.durable_index",
    description: "The last entry on this node's disk.",
    of: ({ durableIndex }) => durableIndex,
  },
  {
    name: "raftkit.commit_index",
    description: "The last entry known to be committed.",
    of: ({ commitIndex }) => commitIndex,
  },
  {
    name: "raftkit.applied_index",
    description: "The last entry applied to the state machine.",
    of: ({ lastApplied }) => lastApplied,
  },
  {
    name: "raftkit.apply.queue.length",
    unit: "{entry}",
    description: "Committed entries that wait to be applied.",
    of: ({ commitIndex, lastApplied }) => Math.max(0, commitIndex - lastApplied),
  },
  {
    name: "raftkit.log.size",
    unit: "By",
    description: "The size of the log: data, plus 256 bytes per entry.",
    of: ({ logBytes }) => logBytes,
  },
  {
    name: "raftkit.log.limit",
    unit: "By",
    description: "The size of the log at which proposals are refused.",
    of: ({ maxLogBytes }) => maxLogBytes,
  },
  {
    name: "raftkit.log.full",
    description: "1 while proposals are refused because the log is full, here or at the leader.",
    of: ({ logFull }) => Number(logFull),
  },
  {
    name: "raftkit.disk.full",
    description: "1 while this node's disk has room only for the log's reserve.",
    of: ({ diskFull }) => Number(diskFull),
  },
  {
    name: "raftkit.log.base_index",
    description: "The log begins after this index; a snapshot covers what came before.",
    of: ({ baseIndex }) => baseIndex,
  },
  {
    name: "raftkit.snapshot.index",
    description: "The last entry in the newest snapshot; 0: there is none.",
    of: ({ snapshot }) => snapshot?.index ?? 0,
  },
  {
    name: "raftkit.snapshot.size",
    unit: "By",
    description: "The size of the newest snapshot's data.",
    of: ({ snapshot }) => snapshot?.bytes ?? 0,
  },
  {
    name: "raftkit.snapshot.age",
    unit: "s",
    description:
      "The time since the newest snapshot was saved, or found at the start; 0: there is none.",
    of: ({ snapshot }) => (snapshot?.ageMs ?? 0) / 1000,
  },
  {
    name: "raftkit.snapshot.missing",
    description: "1 while the log begins after a snapshot that is lost: nothing is applied.",
    of: ({ lacksSnapshot }) => Number(lacksSnapshot),
  },
  {
    name: "raftkit.voters",
    unit: "{server}",
    description: "Voters in the configuration.",
    of: ({ configuration }) => configuration?.voters.length ?? 0,
  },
  {
    name: "raftkit.bootstrap.missing",
    unit: "{server}",
    description: "At the first start: initial voters that this node hasn't heard from.",
    of: ({ bootstrap }) => bootstrap?.missing.length ?? 0,
  },
  ofPeers(
    {
      name: "raftkit.peer.match_index",
      description: "On a leader: the last entry that a peer is known to hold.",
    },
    ({ matchIndex }) => matchIndex,
  ),
  ofPeers(
    {
      name: "raftkit.peer.last_contact",
      unit: "s",
      description: "On a leader: the time since it last heard from a peer.",
    },
    ({ lastContactMs }) => lastContactMs / 1000,
  ),
];

function ofPeers(instrument: Instrument, of: (peer: PeerStatus) => number): Figure {
  return {
    ...instrument,
    label: "peer",
    of: ({ peers }) => new Map(peers.map((peer) => [peer.id, of(peer)])),
  };
}

/** Proposals and reads have counters by outcome instead. */
const COUNTERS: Readonly<Record<Exclude<CounterName, "proposals" | "reads">, Instrument>> = {
  messagesSent: {
    name: "raftkit.messages.sent",
    unit: "{message}",
    description: "Messages that the transport accepted for other nodes.",
  },
  messagesUnsent: {
    name: "raftkit.messages.unsent",
    unit: "{message}",
    description: "Messages that the transport refused: no connection, or no room.",
  },
  messagesReceived: {
    name: "raftkit.messages.received",
    unit: "{message}",
    description: "Messages received from other nodes.",
  },
  messagesDropped: {
    name: "raftkit.messages.dropped",
    unit: "{message}",
    description: "Messages received and refused.",
  },
  electionsStarted: {
    name: "raftkit.elections.started",
    unit: "{election}",
    description: "Elections that this node started, one for each term.",
  },
  persists: {
    name: "raftkit.persists",
    unit: "{persist}",
    description: "Changes of the log and the term handed to the log storage.",
  },
  eventLoopStalls: {
    name: "raftkit.event_loop.stalls",
    unit: "{stall}",
    description:
      "How often the event loop was blocked for half of the smallest election timeout, or longer.",
  },
  entriesApplied: {
    name: "raftkit.entries.applied",
    unit: "{entry}",
    description: "Commands applied to the state machine.",
  },
};

export function registerFigures(instruments: Instruments, status: () => NodeStatus): void {
  for (const { of, ...instrument } of GAUGES) instruments.gauge(instrument, () => of(status()));
  const names = Object.keys(COUNTERS) as (keyof typeof COUNTERS)[];
  for (const name of names) instruments.counter(COUNTERS[name], () => status().counters[name]);
}
