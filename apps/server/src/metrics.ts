// Prometheus metrics of one server, in a registry of its own. Node figures are read when they are
// scraped, never pushed.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NodeStatus } from "raftkit";
import type { Route } from "./http/exchange.js";
import type { Observer } from "./http/server.js";

export interface Metrics {
  readonly observer: Observer;
  readonly route: Route;
  /** Stops measuring the event loop. */
  close(): void;
}

const METHODS = new Set(["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS", "PATCH"]);
/** Seconds, from a cached status to the longest write. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const STATUS_GAUGES: Readonly<
  Record<string, readonly [help: string, of: (status: NodeStatus) => number]>
> = {
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
  raftkit_voters: [
    "Voters in the configuration.",
    (status) => status.configuration?.voters.length ?? 0,
  ],
};

/** @param status undefined while the node is being opened */
export function createMetrics(status: () => NodeStatus | undefined): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests answered, by route, method and status (499: the client went away).",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const latency = new Histogram({
    name: "http_request_duration_seconds",
    help: "From the request's head to the end of its answer.",
    labelNames: ["route"],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  for (const [name, [help, of]] of Object.entries(STATUS_GAUGES)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const now = status();
        this.set(now === undefined ? 0 : of(now));
      },
    });
  }
  nodeDetails(status, registers);
  const loop = processDetails(registers);
  return {
    observer: {
      done({ route, method, status: code, seconds }) {
        requests.inc({ route, method: METHODS.has(method) ? method : "other", status: code });
        latency.observe({ route }, seconds);
      },
      cut: () => undefined,
    },
    route: {
      name: "metrics",
      matches: (path) => path === "/metrics",
      methods: {
        GET: async () => ({
          status: 200,
          headers: { "content-type": registry.contentType },
          body: await registry.metrics(),
        }),
      },
    },
    close: () => loop.disable(),
  };
}

/** What has labels: the role, the node's own counters and, on a leader, its followers. */
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
  new Counter({
    name: "raftkit_events_total",
    help: "Counted by the node since it started.",
    labelNames: ["event"],
    registers,
    collect() {
      this.reset();
      for (const [event, count] of Object.entries(status()?.counters ?? {})) {
        this.inc({ event }, count);
      }
    },
  });
  new Gauge({
    name: "raftkit_peer_match_index",
    help: "On a leader: the last entry that it knows a peer to hold.",
    labelNames: ["peer"],
    registers,
    collect() {
      this.reset();
      for (const { id, matchIndex } of status()?.peers ?? []) this.set({ peer: id }, matchIndex);
    },
  });
}

function processDetails(registers: Registry[]): { disable(): void } {
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  new Gauge({
    name: "nodejs_eventloop_delay_seconds",
    help: "How late timers ran since the last scrape.",
    labelNames: ["quantile"],
    registers,
    collect() {
      for (const quantile of [50, 99, 100]) {
        this.set(
          { quantile: String(quantile / 100) },
          loop.count === 0 ? 0 : loop.percentile(quantile) / 1e9,
        );
      }
      loop.reset();
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time, user and system.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "nodejs_heap_used_bytes",
    help: "The JavaScript heap in use.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  return loop;
}
