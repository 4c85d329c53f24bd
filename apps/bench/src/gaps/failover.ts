// How long no write is acknowledged when the leader ends: on SIGTERM, and on kill -9. raftkit and
// etcd in turn, with the same timeouts, on one machine.
import { setTimeout as sleep } from "node:timers/promises";
import { markdownTable } from "markdown-table";
import { makeDataDirectory } from "../data-directory.js";
import { startOpenLoop } from "../load/open-loop.js";
import { median } from "../medians.js";
import { missing, PROGRAMS, versionOf } from "../programs.js";
import { etcd } from "./etcd.js";
import { raftkit } from "./raftkit.js";
import { leaderOf, waitUntilReady } from "./system.js";
import type { MeasuredServer, MeasuredSystem, Timeouts } from "./system.js";
import { WriteLoad } from "./write-load.js";

export interface FailoverOptions extends Timeouts {
  /** How often each system's leader is stopped in each way. */
  readonly runs: number;
  /** Writes a second. */
  readonly rate: number;
  /** An existing folder. */
  readonly data: string;
}

const SIGNALS = ["SIGTERM", "SIGKILL"] as const;
type Gaps = Readonly<Record<(typeof SIGNALS)[number] | "none", number>>;

const WARMUP_MS = 2000;
/** The longest gap counts that ends within this time. */
const WINDOW_MS = 3000;

export async function measureFailover(
  options: FailoverOptions,
  print: (line: string) => void,
): Promise<void> {
  const version = versionOf(PROGRAMS.etcd);
  print(version ?? missing(PROGRAMS.etcd, "raftkit alone is measured"));
  const systems = version === undefined ? [raftkit] : [raftkit, etcd];
  const { runs, rate, heartbeatMs, electionMs } = options;
  print(
    `three processes each, ${rate} writes/s to all of them; heartbeats every ` +
      `${heartbeatMs} ms, election timeouts of ${electionMs} to ${2 * electionMs} ms`,
  );
  const measured = new Map<MeasuredSystem, Gaps[]>(systems.map((system) => [system, []]));
  for (let run = 1; run <= runs; run++) {
    // There and back again: neither is always the first.
    for (const system of run % 2 === 0 ? systems.toReversed() : systems) {
      const gaps = await measureOnce(system, options);
      measured.get(system)?.push(gaps);
      print(
        `run ${run}/${runs}, ${system.name}: longest gap ${ms(gaps.SIGTERM)} at SIGTERM, ` +
          `${ms(gaps.SIGKILL)} at kill -9, ${ms(gaps.none)} without either`,
      );
    }
  }
  print(`\n${table(measured)}`);
}

async function measureOnce(system: MeasuredSystem, options: FailoverOptions): Promise<Gaps> {
  const directory = await makeDataDirectory(options.data, "failover");
  const servers = await system.servers(directory.path, options);
  try {
    for (const server of servers) server.process.start();
    for (const server of servers) await waitUntilReady(system, server);
    const load = new WriteLoad(
      servers.map(({ address }) => address),
      system.protocol,
      { start: (send) => startOpenLoop({ perSecond: options.rate, send }) },
    );
    try {
      await sleep(WARMUP_MS);
      load.gaps.mark();
      await sleep(WINDOW_MS);
      const none = load.gaps.longestMs();
      const SIGTERM = await gapAt("SIGTERM", system, servers, load);
      return { none, SIGTERM, SIGKILL: await gapAt("SIGKILL", system, servers, load) };
    } finally {
      await load.stop();
    }
  } finally {
    await Promise.all(servers.map((server) => server.process.end("SIGKILL")));
    await directory.remove();
  }
}

/** Afterwards the stopped server is back. */
async function gapAt(
  signal: (typeof SIGNALS)[number],
  system: MeasuredSystem,
  servers: readonly MeasuredServer[],
  load: WriteLoad,
): Promise<number> {
  const leader = await leaderOf(system, servers);
  load.gaps.mark();
  const before = load.acknowledged.size;
  await Promise.all([leader.process.end(signal), sleep(WINDOW_MS)]);
  const gapMs = load.gaps.longestMs();
  if (load.acknowledged.size === before) {
    throw new Error(`${system.name} acknowledged no write in ${WINDOW_MS} ms after ${signal}`);
  }
  leader.process.start();
  await waitUntilReady(system, leader);
  await sleep(WARMUP_MS);
  return gapMs;
}

function table(measured: ReadonlyMap<MeasuredSystem, readonly Gaps[]>): string {
  const rows = [...measured].flatMap(([{ name }, gaps]) =>
    (["SIGTERM", "SIGKILL", "none"] as const).map((how) => {
      const all = gaps.map((one) => one[how]);
      const what = {
        SIGTERM: "SIGTERM of the leader",
        SIGKILL: "kill -9 of the leader",
        none: "neither",
      };
      const figures = [median(all), Math.min(...all), Math.max(...all)];
      return [name, what[how], String(all.length), ...figures.map((figure) => figure.toFixed(0))];
    }),
  );
  return markdownTable(
    [["", "longest gap, ms", "runs", "median", "shortest", "longest"], ...rows],
    { align: ["l", "l", "r", "r", "r", "r"] },
  );
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
