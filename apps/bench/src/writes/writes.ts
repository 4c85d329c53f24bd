// Durable writes per second of three server processes, at several depths. Every run starts fresh;
// the figures are medians over the runs.
import { markdownTable } from "markdown-table";
import { startBenchCluster } from "./cluster.js";
import type { BenchCluster } from "./cluster.js";
import type { BenchReport } from "./ipc.js";
import { runLoad } from "./loader.js";
import type { LoadResult } from "./loader.js";

export interface WritesOptions {
  /** Writes kept in flight, one measurement each. */
  readonly inFlight: readonly number[];
  /** How long each is counted, after the warm-up. */
  readonly seconds: number;
  /** Fresh clusters. */
  readonly runs: number;
  readonly valueBytes: number;
  /** An existing folder. */
  readonly data: string;
}

interface Row extends LoadResult {
  readonly inFlight: number;
  readonly cpuUsPerWrite: number;
  readonly writesPerPersist: number;
}

const WARMUP_SECONDS = 1;

export async function measureWrites(
  options: WritesOptions,
  print: (line: string) => void,
): Promise<void> {
  const rows: Row[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const cluster = await startBenchCluster(options.data);
    try {
      for (const inFlight of options.inFlight) {
        const row = await measureOnce(cluster, inFlight, options);
        rows.push(row);
        print(
          `run ${run}/${options.runs}, ${inFlight} in flight: ${rateOf(row)} writes/s, p50 ${row.p50Ms.toFixed(2)} ms, p99 ${row.p99Ms.toFixed(2)} ms${row.failed > 0 ? `, ${row.failed} FAILED` : ""}`,
        );
      }
    } finally {
      await cluster.close();
    }
  }
  print(
    `\nDurable writes of ${options.valueBytes} B through the leader of 3 processes, medians of ${options.runs} fresh runs:\n`,
  );
  print(tableOf(rows, options.inFlight));
}

async function measureOnce(
  cluster: BenchCluster,
  inFlight: number,
  { seconds, valueBytes }: WritesOptions,
): Promise<Row> {
  const edges: (readonly BenchReport[])[] = [];
  const result = await runLoad({
    port: cluster.leaderPort,
    inFlight,
    valueBytes,
    warmupSeconds: WARMUP_SECONDS,
    seconds,
    onEdge: async () => void edges.push(await cluster.reports()),
  });
  const [before = [], after = []] = edges;
  return {
    ...result,
    inFlight,
    cpuUsPerWrite: difference(before, after, "cpuUs") / result.writes,
    writesPerPersist: (result.writes * before.length) / difference(before, after, "persists"),
  };
}

function difference(
  before: readonly BenchReport[],
  after: readonly BenchReport[],
  figure: "cpuUs" | "persists",
): number {
  const total = (reports: readonly BenchReport[]): number =>
    reports.reduce((sum, report) => sum + report[figure], 0);
  return total(after) - total(before);
}

function rateOf({ writes, seconds }: Row): number {
  return Math.round(writes / seconds);
}

function median(rows: readonly Row[], figure: (row: Row) => number): number {
  const sorted = rows.map(figure).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function tableOf(rows: readonly Row[], depths: readonly number[]): string {
  const head = [
    "in flight",
    "writes/s",
    "range",
    "p50 ms",
    "p99 ms",
    "servers' CPU µs per write",
    "writes per sync",
  ];
  const lines = depths.map((depth) => {
    const of = rows.filter(({ inFlight }) => inFlight === depth);
    const rates = of.map(rateOf);
    return [
      String(depth),
      String(median(of, rateOf)),
      `${Math.min(...rates)}–${Math.max(...rates)}`,
      median(of, (row) => row.p50Ms).toFixed(2),
      median(of, (row) => row.p99Ms).toFixed(2),
      median(of, (row) => row.cpuUsPerWrite).toFixed(1),
      median(of, (row) => row.writesPerPersist).toFixed(1),
    ];
  });
  return markdownTable([head, ...lines], { align: "r" });
}
