// raftkit with file storage, TCP and msgpack: what it acknowledges is synced on a majority, and its
// reads are linearizable.
import { startBenchCluster } from "../cluster/cluster.js";
import { makeDataDirectory } from "../data-directory.js";
import { raftkit, raftkitWithRedis } from "../gaps/raftkit.js";
import { ETCD_TIMEOUTS, portOf } from "../gaps/system.js";
import type { MeasuredServer } from "../gaps/system.js";
import { Client } from "../load/client.js";
import { keyName } from "../load/key-names.js";
import { RedisClient } from "../load/redis-client.js";
import { runH2Load } from "./h2load.js";
import { runLoader } from "./loader.js";
import { metricsOf, sumOf } from "./prometheus.js";
import { runRedisBenchmark } from "./redis-benchmark.js";
import { startServers } from "./server-processes.js";
import type { ComparedSystem, LoadTool, OwnAccount } from "./system.js";
import { VALUE_BYTES, WORKLOADS } from "./workload.js";

/** The benchmark's own edge of the runtime, in a protocol that nobody else speaks. */
export const raftkitRuntime: ComparedSystem = {
  name: "raftkit",
  isWhole: true,
  async start(parent) {
    const cluster = await startBenchCluster({
      parent,
      maxLogBytes: MAX_LOG_BYTES,
      timeouts: ETCD_TIMEOUTS,
    });
    const { port } = (await cluster.leader()).settings;
    const connect = (): Promise<Client> => Client.connect(port);
    return {
      pids: cluster.servers.flatMap(({ pid }) => pid ?? []),
      tools: [loaderOf(connect)],
      connect,
      async account() {
        const reports = await cluster.reports();
        const syncs = reports.reduce((sum, { persists }) => sum + persists, 0);
        return { syncs, succeeded: null, loopDelayMs: null };
      },
      close: () => cluster.close(),
    };
  },
};

/** The same, as far as it is compared with libraries. */
export const raftkitPuts: ComparedSystem = {
  ...raftkitRuntime,
  isWhole: false,
  async start(parent) {
    const running = await raftkitRuntime.start(parent);
    return { ...running, tools: running.tools.map((tool) => ({ ...tool, workloads: ["put"] })) };
  },
};

/** Each write of the log ends with one. */
const SYNCS = "raftkit_log_write_duration_seconds_count";
/** Since it was asked for the last time. */
const LOOP_DELAY = "nodejs_eventloop_delay_p99_seconds";

/** As the server's own default, so that snapshots are taken. */
const MAX_LOG_BYTES = 1024 ** 3;

/** @param hasRedisBenchmark besides our own loader */
export function raftkitOverRedis(hasRedisBenchmark: boolean): ComparedSystem {
  return {
    name: "raftkit",
    isWhole: true,
    async start(parent) {
      const directory = await makeDataDirectory(parent, "compare");
      const { servers, leader, close } = await startServers(raftkitWithRedis, directory);
      const connect = (): Promise<RedisClient> => RedisClient.connect(portOf(leader.redis));
      const redisBenchmark: LoadTool = {
        name: "redis-benchmark",
        workloads: ["put", "read"],
        run: (load) => runRedisBenchmark(portOf(leader.redis), load),
      };
      return {
        pids: servers.flatMap(({ process: { pid } }) => pid ?? []),
        tools: [loaderOf(connect), ...(hasRedisBenchmark ? [redisBenchmark] : [])],
        connect,
        account: () => accountOf(servers, leader),
        close,
      };
    },
  };
}

/** One key, like etcd's puts with h2load. */
export const raftkitOverHttp: ComparedSystem = {
  name: "raftkit, HTTP",
  isWhole: false,
  async start(parent) {
    const directory = await makeDataDirectory(parent, "compare");
    const { servers, leader, close } = await startServers(raftkit, directory);
    const urls = [`http://${leader.address}/v1/kv/${keyName(0)}`];
    const body = Buffer.alloc(VALUE_BYTES, "x");
    const put = { urls, body, headers: [":method: PUT"], http1: true };
    const read = { urls, headers: [], http1: true };
    return {
      pids: servers.flatMap(({ process: { pid } }) => pid ?? []),
      tools: [
        {
          name: "h2load",
          inFlight: [64, 256],
          workloads: ["put", "read"],
          run: (load) => runH2Load(load.workload === "put" ? put : read, load, directory.path),
        },
      ],
      async connect() {
        throw new Error("the benchmark's loader doesn't speak HTTP");
      },
      account: () => accountOf(servers, leader),
      close,
    };
  },
};

function loaderOf(connect: Parameters<typeof runLoader>[0]): LoadTool {
  return {
    name: "own loader",
    workloads: WORKLOADS,
    run: (load) => runLoader(connect, load),
  };
}

async function accountOf(
  servers: readonly MeasuredServer[],
  leader: MeasuredServer,
): Promise<OwnAccount> {
  const texts = await Promise.all(servers.map(({ address }) => metricsOf(address)));
  const delay = sumOf(texts[servers.indexOf(leader)] ?? "", LOOP_DELAY);
  const syncs = texts.reduce((sum, text) => sum + sumOf(text, SYNCS), 0);
  return { syncs, succeeded: null, loopDelayMs: delay * 1000 };
}
