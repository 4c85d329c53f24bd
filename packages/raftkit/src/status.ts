// The picture that `node.status()` gives of one moment.
import type { Index, RaftStatus, Sender } from "@raftkit/core";
import { votersOf } from "@raftkit/core";
import type { CounterName, NodeState, NodeStatus } from "./api.js";

export function noCounts(): Record<CounterName, number> {
  return {
    messagesSent: 0,
    messagesUnsent: 0,
    messagesReceived: 0,
    messagesDropped: 0,
    electionsStarted: 0,
    persists: 0,
    entriesApplied: 0,
    proposals: 0,
    reads: 0,
    eventLoopStalls: 0,
  };
}

/** What the runtime adds to core's status. */
interface Runtime {
  readonly self: Sender;
  readonly clusterId: string;
  /** It joins an existing cluster. */
  readonly joins: boolean;
  readonly state: NodeState;
  readonly lastApplied: Index;
  readonly maxLogBytes: number;
  readonly snapshotSavedAt: number;
  readonly counters: Readonly<Record<CounterName, number>>;
  readonly now: number;
}

/** Field by field: a spread costs a hundred times the rest, and metrics and tests ask often. */
export function statusOf(raft: RaftStatus, runtime: Runtime): NodeStatus {
  const { self, now } = runtime;
  const runs = runtime.state === "running";
  // While voters change, an old voter may be a learner of the new configuration: it still votes.
  const voters = runs && raft.configuration ? votersOf(raft.configuration) : [];
  return {
    id: self.id,
    incarnation: self.incarnation,
    run: self.run,
    clusterId: runtime.clusterId,
    state: runtime.state,
    role: runs ? raft.role : null,
    isPreCandidate: runs && raft.isPreCandidate,
    term: raft.currentTerm,
    leaderId: runs ? raft.leaderId : null,
    hasLease: runs && raft.hasLease,
    transferringTo: runs ? raft.transferringTo : null,
    lastIndex: raft.lastIndex,
    durableIndex: raft.durableIndex,
    commitIndex: raft.commitIndex,
    lastApplied: runtime.lastApplied,
    logBytes: raft.logBytes,
    maxLogBytes: runtime.maxLogBytes,
    logFull: raft.logFull,
    diskFull: raft.diskFull,
    baseIndex: raft.baseIndex,
    snapshot: raft.snapshot && {
      index: raft.snapshot.index,
      term: raft.snapshot.term,
      bytes: raft.snapshot.bytes,
      ageMs: Math.round(now - runtime.snapshotSavedAt),
    },
    lacksSnapshot: raft.lacksSnapshot,
    configuration: raft.configuration,
    configurationIndex: raft.configurationIndex,
    configurationCommitted:
      raft.configurationIndex > 0 && raft.committedConfiguration?.index === raft.configurationIndex,
    removedAt: raft.removedAt === 0 ? null : raft.removedAt,
    introductions: runs ? raft.introductions : [],
    bootstrap: runtime.joins ? null : raft.bootstrap,
    counters: { ...runtime.counters },
    peers: (runs ? raft.peers : []).map((peer) => ({
      id: peer.id,
      role: peer.isLeaving
        ? "leaving"
        : voters.some(({ id }) => id === peer.id)
          ? "voter"
          : "learner",
      matchIndex: peer.matchIndex,
      nextIndex: peer.nextIndex,
      lastContactMs: Math.round(now - peer.lastContactAt),
      catchUpMs: Math.round(peer.catchUpMs),
      install: peer.install,
    })),
  };
}
