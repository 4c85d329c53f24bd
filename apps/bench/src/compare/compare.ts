// raftkit beside etcd: the same machine and file system, new data for each run, the same durability
// and the same reads, each with its best client. They alternate, so that a machine that drifts
// favours none; the figures are medians over the runs.
import { cpus, release, totalmem } from "node:os";
import { makeDataDirectory } from "../data-directory.js";
import { etcdSystem } from "./etcd-system.js";
import { fill, runLoader } from "./loader.js";
import { measureSystem } from "./measure-system.js";
import { buildPeers, GO_NEEDED, peerSystems } from "./peer-systems.js";
import { usageOf } from "./process-usage.js";
import { missing, PROGRAMS, versionOf } from "../programs.js";
import {
  raftkitOverHttp,
  raftkitOverRedis,
  raftkitPuts,
  raftkitRuntime,
} from "./raftkit-systems.js";
import { writeReport } from "./report.js";
import type { Memory, Results, Row, SystemCalls } from "./row.js";
import { countSystemCalls } from "./system-calls.js";
import type { ComparedSystem, RunningSystem } from "./system.js";
import { lineOf, tablesOf } from "./tables.js";
import type { Workload } from "./workload.js";

export interface CompareOptions {
  /** Requests kept in flight in the closed loops. */
  readonly inFlight: readonly number[];
  /** How long each point is counted, after a warm-up: whole. */
  readonly seconds: number;
  /** Of each system, with new data. */
  readonly runs: number;
  /** Puts after which memory is measured, over a tenth as many keys. */
  readonly memoryPuts: number;
  /** What raftkit is asked over. */
  readonly port: "bench" | "redis";
  /** Beside Raft libraries for Go, and not beside etcd. */
  readonly peers?: true;
  /** A folder for the report. */
  readonly out: string;
  /** An existing folder. */
  readonly data: string;
}

type Print = (line: string) => void;

export async function measureCompare(options: CompareOptions, print: Print): Promise<void> {
  const { runs, seconds, data } = options;
  const { systems, versions } = systemsFor(options, print);
  const rows: Row[] = [];
  const onRow = (row: Row): void => {
    rows.push(row);
    print(lineOf(row, runs));
  };
  for (let run = 1; run <= runs; run++) {
    const points = { ...options, run, rateOf: rates(rows) };
    for (const system of run % 2 === 1 ? systems : systems.toReversed()) {
      await measureSystem(system, points, data, onRow);
    }
  }
  const extra = await measureExtras(systems, options, print);
  const results: Results = { machine: machine(), versions, runs, seconds, rows, ...extra };
  print(`\n${tablesOf(results)}`);
  print(`\nWritten to ${await writeReport(results, options.out)}`);
}

function systemsFor(
  { port, peers }: CompareOptions,
  print: Print,
): { readonly systems: readonly ComparedSystem[]; readonly versions: readonly string[] } {
  const versions: string[] = [];
  const has = (program: (typeof PROGRAMS)[keyof typeof PROGRAMS], without: string): boolean => {
    const version = versionOf(program);
    if (version === undefined) print(missing(program, without));
    else versions.push(version);
    return version !== undefined;
  };
  if (peers) {
    const hasGo = has(PROGRAMS.go, `raftkit alone is measured (the peers need ${GO_NEEDED})`);
    if (!hasGo) return { systems: [raftkitPuts], versions };
    print("Building the peers");
    versions.push(...buildPeers());
    return { systems: [...peerSystems, raftkitPuts], versions };
  }
  const hasEtcd = has(PROGRAMS.etcd, "raftkit alone is measured");
  const hasH2Load = has(
    PROGRAMS.h2load,
    "etcd is asked by the benchmark's own loader, and HTTP isn't measured",
  );
  const systems = [
    ...(hasEtcd ? [etcdSystem(hasH2Load)] : []),
    port === "bench"
      ? raftkitRuntime
      : raftkitOverRedis(has(PROGRAMS.redisBenchmark, "only the benchmark's own loader is used")),
    ...(hasH2Load ? [raftkitOverHttp] : []),
  ];
  return { systems, versions };
}

/**
 * Half of what etcd, or whoever is first, reached at most in the first run: so that both get the
 * same, and neither is overloaded.
 */
function rates(rows: readonly Row[]): (workload: Workload, measured: readonly Row[]) => number {
  return (workload, measured) => {
    const [first] = rows;
    const known = rows.filter(({ system, run }) => system === first?.system && run === 1);
    const of = (known.length > 0 ? known : measured).filter(
      (row) => row.workload === workload && row.loop === "closed",
    );
    return Math.max(1, Math.round(Math.max(...of.map(({ perSecond }) => perSecond)) / 2));
  };
}

/** What is measured once of each system: the memory after many puts, and its system calls. */
async function measureExtras(
  systems: readonly ComparedSystem[],
  options: CompareOptions,
  print: Print,
): Promise<{ readonly memory: readonly Memory[]; readonly systemCalls: readonly SystemCalls[] }> {
  const whole = systems.filter(({ isWhole }) => isWhole);
  if (whole.length === 0) return { memory: [], systemCalls: [] };
  const hasStrace = versionOf(PROGRAMS.strace) !== undefined;
  if (!hasStrace) print(missing(PROGRAMS.strace, "system calls aren't counted"));
  const [memory, systemCalls]: [Memory[], SystemCalls[]] = [[], []];
  for (const system of whole) {
    const running = await system.start(options.data);
    try {
      memory.push(await measureMemory(system.name, running, options.memoryPuts));
      const counted = hasStrace ? await measureCalls(system.name, running, options, print) : [];
      systemCalls.push(...counted);
    } finally {
      await running.close();
    }
  }
  return { memory, systemCalls };
}

async function measureMemory(
  system: string,
  running: RunningSystem,
  puts: number,
): Promise<Memory> {
  const keys = Math.max(1, Math.floor(puts / 10));
  const begin = performance.now();
  await fill(running.connect, puts, keys);
  const seconds = (performance.now() - begin) / 1000;
  const { rssBytes = null, rssPeakBytes = null } = usageOf(running.pids) ?? {};
  return { system, puts, keys, seconds, rssBytes, rssPeakBytes };
}

const CALLS_IN_FLIGHT = [1, 64];

async function measureCalls(
  system: string,
  running: RunningSystem,
  { data }: CompareOptions,
  print: Print,
): Promise<SystemCalls[]> {
  const directory = await makeDataDirectory(data, "strace");
  const measured: SystemCalls[] = [];
  try {
    for (const inFlight of CALLS_IN_FLIGHT) {
      const load = { workload: "put", inFlight, seconds: 1 } as const;
      const { result, counts } = await countSystemCalls(running.pids, directory.path, () =>
        runLoader(running.connect, load),
      );
      const perPut = Object.fromEntries(
        Object.entries(counts).map(([call, count]) => [call, count / result.answered]),
      );
      measured.push({ system, inFlight, puts: result.answered, perPut });
    }
  } catch (error) {
    // Not everybody may trace processes.
    print(`system calls aren't counted: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await directory.remove();
  }
  return measured;
}

function machine(): Results["machine"] {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
}
