// Durable writes per second of three server processes, at several depths, and with several bounds
// of the log. Every run starts fresh, and the bounds alternate; the figures are medians over the
// runs.
import { setTimeout as sleep } from "node:timers/promises";
import { startBenchCluster } from "../cluster/cluster.js";
import type { BenchCluster } from "../cluster/cluster.js";
import type { BenchReport } from "../cluster/ipc.js";
import { ETCD_TIMEOUTS } from "../gaps/system.js";
import { Client } from "../load/client.js";
import { runClosedLoop } from "../load/closed-loop.js";
import { Latencies } from "../load/latencies.js";
import type { LatencyFigures } from "../load/latencies.js";
import type { Row } from "./row.js";
import { boundName, ratioTable, writesTable } from "./tables.js";

export interface WritesOptions {
  /** Writes kept in flight, one measurement each. */
  readonly inFlight: readonly number[];
  /** How long each is counted, after the warm-up. */
  readonly seconds: number;
  /** Fresh clusters of each bound. */
  readonly runs: number;
  readonly valueBytes: number;
  readonly keys: number;
  /** Bounds of the log in MiB, which are compared; null: no snapshots, and the default bound. */
  readonly logMib: readonly (number | null)[];
  /** An existing folder. */
  readonly data: string;
}

const WARMUP_SECONDS = 1;
const MIB = 1024 * 1024;

export async function measureWrites(
  options: WritesOptions,
  print: (line: string) => void,
): Promise<void> {
  const { inFlight, runs, valueBytes, logMib } = options;
  const rows: Row[] = [];
  for (let run = 1; run <= runs; run++) {
    // There and back again, so that a machine that drifts favours none.
    for (const bound of run % 2 === 1 ? logMib : logMib.toReversed()) {
      for (const row of await measureCluster(run, bound, options)) {
        rows.push(row);
        print(lineOf(row, options));
      }
    }
  }
  print(
    `\nDurable writes of ${valueBytes} B through the leader of 3 processes, medians of ` +
      `${runs} fresh runs:\n`,
  );
  print(writesTable(rows, inFlight, logMib));
  const last = logMib.at(-1);
  if (logMib.length === 1 || last === undefined) return;
  print(
    `\nWrites/s relative to the same run with ${boundName(last)}, medians and ranges of ` +
      `the ${runs} ratios:\n`,
  );
  print(ratioTable(rows, inFlight, logMib));
}

function lineOf(row: Row, { runs, logMib }: WritesOptions): string {
  const bound = logMib.length > 1 ? `${boundName(row.logMib)}, ` : "";
  const failed = row.failed > 0 ? `, ${row.failed} FAILED` : "";
  return (
    `run ${row.run}/${runs}, ${bound}${row.inFlight} in flight: ${row.perSecond} writes/s, ` +
    `p50 ${row.p50Ms.toFixed(2)} ms, p99 ${row.p99Ms.toFixed(2)} ms${failed}`
  );
}

async function measureCluster(
  run: number,
  logMib: number | null,
  options: WritesOptions,
): Promise<Row[]> {
  const cluster = await startBenchCluster({
    parent: options.data,
    timeouts: ETCD_TIMEOUTS,
    ...(logMib !== null && { maxLogBytes: logMib * MIB }),
  });
  try {
    const rows: Row[] = [];
    for (const inFlight of options.inFlight) {
      const counted = await measureOnce(cluster, inFlight, options);
      rows.push({ run, logMib, inFlight, ...counted });
    }
    return rows;
  } finally {
    await cluster.close();
  }
}

async function measureOnce(
  cluster: BenchCluster,
  inFlight: number,
  { seconds, valueBytes, keys }: WritesOptions,
): Promise<Omit<Row, "run" | "logMib" | "inFlight">> {
  const client = await Client.connect((await cluster.leader()).settings.port);
  const latencies = new Latencies();
  const ending = new AbortController();
  let isCounting = false;
  let failed = 0;
  const loop = runClosedLoop({
    client,
    inFlight,
    keys,
    value: Buffer.alloc(valueBytes, "x"),
    requests: Infinity,
    signal: ending.signal,
    onAnswer: (ok, ms) => {
      if (isCounting && ok) latencies.record(ms);
      else if (isCounting) failed++;
    },
  });
  const counting = async (): Promise<Omit<Row, "run" | "logMib" | "inFlight">> => {
    await sleep(WARMUP_SECONDS * 1000);
    const before = await cluster.reports();
    isCounting = true;
    const begin = performance.now();
    await sleep(seconds * 1000);
    isCounting = false;
    const counted = (performance.now() - begin) / 1000;
    const after = await cluster.reports();
    return { failed, ...rowOf(latencies.figures(), counted, before, after) };
  };
  try {
    return await Promise.race([counting(), client.lost]);
  } finally {
    ending.abort();
    client.close();
    await loop.catch(() => {});
  }
}

function rowOf(
  { count, p50Ms, p99Ms }: LatencyFigures,
  seconds: number,
  before: readonly BenchReport[],
  after: readonly BenchReport[],
): Omit<Row, "run" | "logMib" | "inFlight" | "failed"> {
  const grown = (figure: (report: BenchReport) => number): number =>
    after.reduce((sum, report) => sum + figure(report), 0) -
    before.reduce((sum, report) => sum + figure(report), 0);
  return {
    perSecond: Math.round(count / seconds),
    p50Ms,
    p99Ms,
    cpuUsPerWrite: grown(({ cpuUs }) => cpuUs) / count,
    writesPerPersist: (count * before.length) / grown(({ persists }) => persists),
    snapshots: grown(({ snapshots }) => snapshots.taken),
  };
}
