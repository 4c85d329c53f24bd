// How long a process takes that is started again with many keys: from its start until it answers a
// linearizable read. It restores its snapshot, and applies the entries behind it.
import { startBenchCluster } from "../cluster/cluster.js";
import type { BenchCluster } from "../cluster/cluster.js";
import type { BenchServer } from "../cluster/bench-server.js";
import { Client } from "../load/client.js";
import { runClosedLoop } from "../load/closed-loop.js";
import { median } from "../medians.js";

export interface RestartOptions {
  readonly keys: number;
  readonly valueBytes: number;
  readonly logMib: number;
  /** How often it is started again. */
  readonly runs: number;
  /** An existing folder. */
  readonly data: string;
}

const MIB = 1024 * 1024;
const IN_FLIGHT = 64;
/** Written behind the snapshot, so that a restart has entries to apply, too. */
const TAIL_WRITES = 50_000;
const READ_WAIT_MS = 60_000;
/** What an entry counts for in the log's bound, beside its value. */
const ENTRY_BYTES = 300;

export async function measureRestart(
  options: RestartOptions,
  print: (line: string) => void,
): Promise<void> {
  const { keys, valueBytes, runs, logMib, data } = options;
  const cluster = await startBenchCluster({ parent: data, maxLogBytes: logMib * MIB });
  try {
    const server = await fill(cluster, options);
    const { lastApplied, snapshotIndex, snapshotBytes } = await server.ask();
    print(
      `${keys} keys with values of ${valueBytes} B; snapshot of ` +
        `${(snapshotBytes / MIB).toFixed(0)} MiB, ${lastApplied - snapshotIndex} entries ` +
        "after it",
    );
    const seconds: number[] = [];
    for (let run = 1; run <= runs; run++) {
      const restarted = await restart(server, keys);
      seconds.push(restarted.seconds);
      print(
        `run ${run}/${runs}: ready after ${restarted.seconds.toFixed(2)} s (its node was ` +
          `open after ${restarted.openedSeconds.toFixed(2)} s), memory ` +
          `${(restarted.rssBytes / MIB).toFixed(0)} MiB`,
      );
    }
    print(
      "\nFrom the start of the process to its first linearizable read: median " +
        `${median(seconds).toFixed(2)} s of ${runs} ` +
        `(${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)} s)`,
    );
  } finally {
    await cluster.close();
  }
}

/** @returns the follower that is started again: it has a snapshot, and entries behind it */
async function fill(
  cluster: BenchCluster,
  { keys, valueBytes, logMib }: RestartOptions,
): Promise<BenchServer> {
  const leader = await cluster.leader();
  const follower = cluster.servers.find((server) => server !== leader);
  if (!follower) throw new Error("there is no follower");
  const client = await Client.connect(leader.settings.port);
  try {
    const value = Buffer.alloc(valueBytes, "x");
    const load = { client, inFlight: IN_FLIGHT, keys, value };
    await runClosedLoop({ ...load, requests: keys });
    await follower.ask("snapshot");
    // Fewer than what would make the node take the next one: half of the log's bound.
    const most = Math.floor((logMib * MIB) / 4 / (valueBytes + ENTRY_BYTES));
    await runClosedLoop({ ...load, requests: Math.min(TAIL_WRITES, keys, Math.max(1, most)) });
  } finally {
    client.close();
  }
  // Everything is there when it answers.
  await follower.ask("keys");
  return follower;
}

interface Restarted {
  readonly seconds: number;
  /** From the start of the process. */
  readonly openedSeconds: number;
  readonly rssBytes: number;
}

/** @throws it answered without all keys */
async function restart(server: BenchServer, keys: number): Promise<Restarted> {
  await server.stop();
  const begin = performance.now();
  server.start();
  const openedSeconds = (await server.listening()) / 1000;
  await readOnce(server.settings.port);
  const seconds = (performance.now() - begin) / 1000;
  const report = await server.ask("keys");
  if (report.keys !== keys) {
    throw new Error(`the restarted server has ${report.keys} keys instead of ${keys}`);
  }
  return { seconds, openedSeconds, rssBytes: report.memory.rss };
}

/** The server itself answers it, once it has applied all that was committed. */
async function readOnce(port: number): Promise<void> {
  const client = await Client.connect(port);
  try {
    const begin = performance.now();
    // One that fails has waited by itself.
    while (!(await Promise.race([read(client), client.lost]))) {
      if (performance.now() - begin > READ_WAIT_MS) {
        throw new Error(`the restarted server answered no read for ${READ_WAIT_MS / 1000} s`);
      }
    }
  } finally {
    client.close();
  }
}

function read(client: Client): Promise<boolean> {
  return new Promise((resolve) => client.read(0, performance.now(), resolve));
}
