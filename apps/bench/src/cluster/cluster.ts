// Three fresh server processes for one run of a benchmark, on free loopback ports.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeDataDirectory } from "../data-directory.js";
import { freePorts } from "../free-ports.js";
import type { Timeouts } from "../gaps/system.js";
import { BenchServer } from "./bench-server.js";
import type { BenchReport } from "./ipc.js";

export interface ClusterSettings {
  /** An existing folder, in which a new one is made for the data. */
  readonly parent: string;
  /** Undefined: no snapshots are kept, and the bound is the default one. */
  readonly maxLogBytes?: number;
  /** Undefined: the default ones. */
  readonly timeouts?: Timeouts;
  /** Default: no. */
  readonly watchesBlocks?: boolean;
}

export interface BenchCluster {
  readonly servers: readonly BenchServer[];
  /** Reports of all running servers at about the same moment. */
  reports(): Promise<readonly BenchReport[]>;
  /** Waits until one of the running servers leads and has committed something. */
  leader(): Promise<BenchServer>;
  close(): Promise<void>;
}

const LEADER_WAIT_MS = 60_000;

/** Starts three servers, and waits for a leader. */
export async function startBenchCluster(settings: ClusterSettings): Promise<BenchCluster> {
  const { parent, maxLogBytes, timeouts, watchesBlocks = false } = settings;
  const directory = await makeDataDirectory(parent, "bench");
  const ports = await freePorts(6);
  const ids = ["n1", "n2", "n3"];
  const peers = ids.map((id, i) => ({ id, address: `127.0.0.1:${ports[i]}` }));
  const servers = ids.map(
    (id, i) =>
      new BenchServer({
        id,
        directory: join(directory.path, id),
        port: ports[3 + i] ?? 0,
        peers,
        watchesBlocks,
        ...(maxLogBytes !== undefined && { maxLogBytes }),
        ...(timeouts && { timeouts }),
      }),
  );
  const running = (): BenchServer[] => servers.filter(({ isRunning }) => isRunning);
  const cluster: BenchCluster = {
    servers,
    reports: () => Promise.all(running().map((server) => server.ask())),
    leader: () => leaderOf(running()),
    async close() {
      await Promise.all(servers.map((server) => server.kill()));
      await directory.remove();
    },
  };
  try {
    for (const server of servers) server.start();
    await Promise.all(servers.map((server) => server.listening()));
    await cluster.leader();
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

async function leaderOf(servers: readonly BenchServer[]): Promise<BenchServer> {
  const begin = performance.now();
  while (performance.now() - begin < LEADER_WAIT_MS) {
    const reports = await Promise.all(servers.map((server) => server.ask()));
    const at = reports.findIndex(({ role, commitIndex }) => role === "leader" && commitIndex > 0);
    const leader = servers[at];
    if (leader) return leader;
    await sleep(50);
  }
  throw new Error(`no leader after ${LEADER_WAIT_MS} ms`);
}
