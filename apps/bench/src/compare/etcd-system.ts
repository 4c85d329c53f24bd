// etcd with its own defaults: what it answers is synced on a majority, and its reads are
// linearizable.
import { makeDataDirectory } from "../data-directory.js";
import { etcd } from "../gaps/etcd.js";
import { PUT_PATH, putMessage, RANGE_PATH, rangeMessage } from "../load/grpc-frames.js";
import { portOf } from "../gaps/system.js";
import { GrpcClient } from "../load/grpc-client.js";
import { keyName } from "../load/key-names.js";
import { runH2Load } from "./h2load.js";
import type { H2LoadRequest } from "./h2load.js";
import { runLoader } from "./loader.js";
import { metricsOf, sumOf } from "./prometheus.js";
import { startServers } from "./server-processes.js";
import type { ComparedSystem, LoadTool, OwnAccount } from "./system.js";
import { VALUE_BYTES, WORKLOADS } from "./workload.js";
import type { Workload } from "./workload.js";

/** @param hasH2Load otherwise our own loader asks it */
export function etcdSystem(hasH2Load: boolean): ComparedSystem {
  return {
    name: "etcd",
    isWhole: true,
    async start(parent) {
      const directory = await makeDataDirectory(parent, "compare");
      const { servers, leader, close } = await startServers(etcd, directory);
      const addresses = servers.map(({ address }) => address);
      const connect = (): Promise<GrpcClient> => GrpcClient.connect(portOf(leader.address));
      const h2load: LoadTool = {
        name: "h2load",
        workloads: WORKLOADS,
        run: (load) => runH2Load(requestOf(load.workload, leader.address), load, directory.path),
      };
      const loader: LoadTool = {
        name: "own loader",
        workloads: WORKLOADS,
        run: (load) => runLoader(connect, load),
      };
      return {
        pids: servers.flatMap(({ process: { pid } }) => pid ?? []),
        tools: [hasH2Load ? h2load : loader],
        connect,
        account: () => accountOf(addresses),
        close,
      };
    },
  };
}

const GRPC_HEADERS = ["content-type: application/grpc", "te: trailers"];

/**
 * Its files are synced by the log, and by the database in which a member keeps its state. h2load
 * looks at HTTP's status alone, and every answer of gRPC has 200.
 */
async function accountOf(addresses: readonly string[]): Promise<OwnAccount> {
  const texts = await Promise.all(addresses.map(metricsOf));
  const sum = (name: string, counts?: (labels: string) => boolean): number =>
    texts.reduce((total, text) => total + sumOf(text, name, counts), 0);
  return {
    syncs:
      sum("etcd_disk_wal_fsync_duration_seconds_count") +
      sum("etcd_disk_backend_commit_duration_seconds_count"),
    succeeded: sum(
      "grpc_server_handled_total",
      (labels) => /grpc_method="(Put|Range)"/.test(labels) && /grpc_code="OK"/.test(labels),
    ),
    loopDelayMs: null,
  };
}

export function requestOf(workload: Workload, address: string): H2LoadRequest {
  const url = (path: string): string => `http://${address}${path}`;
  const key = keyName(0);
  const common = { headers: GRPC_HEADERS, http1: false };
  if (workload === "read") return { ...common, urls: [url(RANGE_PATH)], body: rangeMessage(key) };
  const put = { ...common, urls: [url(PUT_PATH)], body: putMessage(key, endOfRange(key)) };
  if (workload === "put") return put;
  return { ...put, urls: [...Array<string>(9).fill(url(RANGE_PATH)), url(PUT_PATH)] };
}

/**
 * A value that follows directly on the key: h2load has one body for all requests, and what a put
 * calls its value, a range calls its end. So the same bytes put this value, and read this one key.
 */
function endOfRange(key: string): Buffer {
  return Buffer.concat([Buffer.from(`${key}\0`), Buffer.alloc(VALUE_BYTES, "x")], VALUE_BYTES);
}
