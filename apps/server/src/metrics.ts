// Prometheus metrics of one server, in a registry of its own. Node figures are read when they are
// scraped, never pushed.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CounterName, NodeStatus } from "raftkit";
import type { MetricsPage } from "./http/routes/metrics.js";
import type { Observer, Usage } from "./http/server.js";
import { processMetrics } from "./process-metrics.js";

/** How long parts of the node took, in seconds. */
export interface Durations {
  /** A `write` of the log: durable when it ended. */
  logWrite(seconds: number): void;
  /** The state machine's `apply` of one command. */
  apply(seconds: number): void;
  /** A proposal of this server's clients: from the call to its result. */
  commit(seconds: number): void;
}

export interface Metrics {
  readonly observer: Observer;
  readonly durations: Durations;
  readonly page: MetricsPage;
  /** Stops measuring the event loop. */
  close(): void;
}

export interface MetricsSource {
  /** Undefined while the node is being opened. */
  status(): NodeStatus | undefined;
  usage(): Usage;
}

const METHODS = new Set(["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS", "PATCH"]);
/** Seconds, from a cached status to the longest write. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const APPLY_BUCKETS = [0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1, 10];

type Figures<Source> = Readonly<
  Record<string, readonly [help: string, of: (source: Source) => number]>
>;

const STATUS_GAUGES: Figures<NodeStatus> = {
  raftkit_term: ["The current term.", (status) => status.term],
  raftkit_is_leader: ["1 on the leader.", (status) => Number(status.role === "leader")],
  raftkit_has_leader: ["1 while a leader is known.", (status) => Number(status.leaderId !== null)],
  raftkit_up: [
    "1 while the node runs, 0 once it failed or closed.",
    (status) => Number(status.state === "running"),
  ],
  raftkit_last_index: ["The last entry in the log.", (status) => status.lastIndex],
  raftkit_durable_index: ["The last entry on this node's disk.", (status) => status.durableIndex],
  raftkit_commit_index: ["The last entry known to be committed.", (status) => status.commitIndex],
  raftkit_applied_index: [
    "The last entry applied to the state machine.",
    (status) => status.lastApplied,
  ],
  raftkit_log_bytes: ["What the log holds.", (status) => status.logBytes],
  raftkit_log_max_bytes: [
    "What the log may hold before writes are refused.",
    (status) => status.maxLogBytes,
  ],
  raftkit_log_full: [
    "1 while writes are refused because the log is full, here or at the leader.",
    (status) => Number(status.logFull),
  ],
  raftkit_voters: [
    "Voters in the configuration.",
    (status) => status.configuration?.voters.length ?? 0,
  ],
  raftkit_bootstrap_missing_voters: [
    "At the first start: initial voters that this node hasn't heard of.",
    (status) => status.bootstrap?.missing.length ?? 0,
  ],
};

const USAGE_GAUGES: Figures<Usage> = {
  http_connections: ["Connections open.", (usage) => usage.connections],
  http_requests_under_way: [
    "Requests under way, those that wait for their turn included.",
    (usage) => usage.requests,
  ],
  http_unsent_bytes: [
    "Answers that their clients haven't taken yet.",
    (usage) => usage.unsentBytes,
  ],
};

/** Each count of the node is a family of its own: their sum would mean nothing. */
const COUNTERS: Readonly<Record<CounterName, readonly [name: string, help: string]>> = {
  messagesSent: [
    "raftkit_messages_sent_total",
    "Messages that the transport took for other nodes.",
  ],
  messagesUnsent: [
    "raftkit_messages_unsent_total",
    "Messages that the transport didn't take: nobody to send to, or no room.",
  ],
  messagesReceived: ["raftkit_messages_received_total", "Messages received from other nodes."],
  messagesDropped: ["raftkit_messages_dropped_total", "Messages received and refused."],
  electionsStarted: ["raftkit_elections_started_total", "Elections that this node started."],
  persists: ["raftkit_persists_total", "Writes of the log that became durable."],
  entriesApplied: ["raftkit_entries_applied_total", "Entries applied to the state machine."],
  proposals: ["raftkit_proposals_total", "Proposals made on this node."],
  reads: ["raftkit_reads_total", "Reads asked of this node."],
};

export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauges = <Source>(figures: Figures<Source>, of: () => Source | undefined): void => {
    for (const [name, [help, figure]] of Object.entries(figures)) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const now = of();
          this.set(now === undefined ? 0 : figure(now));
        },
      });
    }
  };
  gauges(STATUS_GAUGES, () => source.status());
  gauges(USAGE_GAUGES, () => source.usage());
  nodeDetails(() => source.status(), registers);
  const process = processMetrics(registers);
  return {
    observer: requestMetrics(registers),
    durations: durationMetrics(registers),
    page: { contentType: registry.contentType, text: () => registry.metrics() },
    close: () => process.close(),
  };
}

function requestMetrics(registers: Registry[]): Observer {
  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests answered, by route, method and status (499: the client went away).",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const latency = new Histogram({
    name: "http_request_duration_seconds",
    help: "From the request's head to the end of its answer.",
    labelNames: ["route", "method"],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const cuts = new Counter({
    name: "http_connections_cut_total",
    help: "Connections closed because of a bound: for a newer one (evicted), as the newest (refused), or with an answer not taken (unsent: too many bytes in all; stalled: for too long).",
    labelNames: ["reason"],
    registers,
  });
  return {
    done({ route, method: asked, status, seconds }) {
      const method = METHODS.has(asked) ? asked : "other";
      requests.inc({ route, method, status });
      latency.observe({ route, method }, seconds);
    },
    cut: (reason) => cuts.inc({ reason }),
  };
}

function durationMetrics(registers: Registry[]): Durations {
  const histogram = (name: string, help: string, buckets: number[]): ((s: number) => void) => {
    const one = new Histogram({ name, help, buckets, registers });
    return (seconds) => one.observe(seconds);
  };
  return {
    logWrite: histogram(
      "raftkit_log_write_duration_seconds",
      "A write of the log, until it is durable.",
      LATENCY_BUCKETS,
    ),
    apply: histogram(
      "raftkit_apply_duration_seconds",
      "The state machine's apply of one command.",
      APPLY_BUCKETS,
    ),
    commit: histogram(
      "raftkit_commit_duration_seconds",
      "A proposal of this server's clients that was committed: from the call until it is applied here.",
      LATENCY_BUCKETS,
    ),
  };
}

/** What has labels, or counts: the role, the node's own counters and, on a leader, its followers. */
function nodeDetails(status: () => NodeStatus | undefined, registers: Registry[]): void {
  new Gauge({
    name: "raftkit_role",
    help: "1 for the node's role.",
    labelNames: ["role"],
    registers,
    collect() {
      const now = status()?.role;
      for (const role of ["follower", "candidate", "leader"]) {
        this.set({ role }, Number(role === now));
      }
    },
  });
  for (const [key, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(status()?.counters[key as CounterName] ?? 0);
      },
    });
  }
  const ofPeers = (
    name: string,
    help: string,
    of: (peer: NodeStatus["peers"][number]) => number,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ["peer"],
      registers,
      collect() {
        this.reset();
        for (const peer of status()?.peers ?? []) this.set({ peer: peer.id }, of(peer));
      },
    });
  };
  ofPeers(
    "raftkit_peer_match_index",
    "On a leader: the last entry that it knows a peer to hold.",
    ({ matchIndex }) => matchIndex,
  );
  ofPeers(
    "raftkit_peer_last_contact_seconds",
    "On a leader: how long ago it heard of a peer.",
    ({ lastContactMs }) => lastContactMs / 1000,
  );
}
