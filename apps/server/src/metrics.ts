// Prometheus metrics of one server, in a registry of its own. Node figures are read when they are
// scraped, never pushed.
import type { Figures, HistogramView } from "@raftkit-app/dashboard";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CreateInstruments } from "raftkit";
import type { MetricsPage } from "./http/routes/metrics.js";
import type { Observer, Usage } from "./http/server.js";
import type { RedisCutReason, RedisUsage } from "./redis/listener.js";
import { processMetrics } from "./process-metrics.js";
import { createPrometheusInstruments } from "./prometheus-instruments.js";

export interface Metrics {
  readonly observer: Observer;
  /** A connection of the Redis port was closed, or not let in, because of a bound. */
  readonly redisCut: (reason: RedisCutReason) => void;
  /** For the node; its figures are there once it is open. */
  readonly instruments: CreateInstruments;
  readonly page: MetricsPage;
  /** What the dashboard draws of them. */
  readonly figures: () => Promise<Omit<Figures, "messages">>;
  /** Stops measuring the event loop. */
  close(): void;
}

const METHODS = new Set(["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS", "PATCH"]);
/** Seconds, from a cached status to the longest write. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const USAGE_GAUGES: Readonly<
  Record<string, readonly [help: string, of: (usage: Usage) => number]>
> = {
  http_connections: ["Connections open.", (usage) => usage.connections],
  http_requests_under_way: [
    "Requests in progress, including those that wait for their turn.",
    (usage) => usage.requests,
  ],
  http_unsent_bytes: ["Answers that their clients haven't read yet.", (usage) => usage.unsentBytes],
};

/** @param redisUsage undefined without a Redis port, which then has no metrics */
export function createMetrics(
  usage: () => Usage,
  redisUsage: () => RedisUsage | undefined = () => undefined,
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  for (const [name, [help, of]] of Object.entries(USAGE_GAUGES)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(of(usage()));
      },
    });
  }
  const process = processMetrics(registers);
  return {
    observer: requestMetrics(registers),
    redisCut: redisMetrics(registers, redisUsage),
    instruments: createPrometheusInstruments(registry),
    page: { contentType: registry.contentType, text: () => registry.metrics() },
    figures: async () => ({
      commit: await histogramView(registry, "raftkit_commit_duration_seconds"),
      sync: await histogramView(registry, "raftkit_log_write_duration_seconds"),
    }),
    close: () => process.close(),
  };
}

/** Empty before the node is open. */
async function histogramView(registry: Registry, name: string): Promise<HistogramView> {
  const metric = registry.getSingleMetric(name);
  const { values } = metric instanceof Histogram ? await metric.get() : { values: [] };
  const buckets = values.filter(({ metricName }) => metricName === `${name}_bucket`);
  // Prometheus adds them up.
  const counts = buckets.map(({ value }, i) => value - (buckets[i - 1]?.value ?? 0));
  return { bounds: buckets.slice(0, -1).map(({ labels }) => Number(labels["le"])), counts };
}

/** @returns counts a connection that was cut */
function redisMetrics(
  registers: Registry[],
  usage: () => RedisUsage | undefined,
): (reason: RedisCutReason) => void {
  new Gauge({
    name: "redis_connections",
    help: "Connections of the Redis port.",
    registers,
    collect() {
      this.set(usage()?.connections ?? 0);
    },
  });
  new Counter({
    name: "redis_commands_total",
    help: "Commands of the Redis port that were begun or queued, by name.",
    labelNames: ["command"],
    registers,
    collect() {
      this.reset();
      for (const [command, calls] of usage()?.calls ?? []) {
        if (calls > 0) this.inc({ command }, calls);
      }
    },
  });
  const cuts = new Counter({
    name: "redis_connections_cut_total",
    help: "Connections of the Redis port closed because of a limit: one too many (refused), with the most unfinished commands when there are too many bytes of them in total (input), or with unread replies (unsent: too many bytes in total; stalled: for too long).",
    labelNames: ["reason"],
    registers,
  });
  return (reason) => cuts.inc({ reason });
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
    help: "Connections closed because of a limit: for a newer one (evicted), as the newest (refused), or with an unread answer (unsent: too many bytes in total; stalled: for too long).",
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
