// What is sampled of a cluster once a second.
import type { BenchCluster } from "../cluster/cluster.js";
import { bytesIn } from "../data-directory.js";
import type { BenchReport } from "../cluster/ipc.js";
import type { LatencyFigures } from "../load/latencies.js";

/** `diskBytes`: the files of the node's data directory. */
export type NodeSample = BenchReport & { readonly diskBytes: number };

export interface Sample {
  /** Since the load began. */
  readonly atMs: number;
  /** Acknowledged since then. */
  readonly writes: number;
  /** Acknowledged since the sample before, by the second. */
  readonly writesPerSecond: number;
  /** Of those. */
  readonly latency: LatencyFigures;
  readonly nodes: readonly NodeSample[];
}

export async function sampleNodes(cluster: BenchCluster): Promise<NodeSample[]> {
  return Promise.all(
    cluster.servers.map(async (server) => {
      const [report, diskBytes] = await Promise.all([
        server.ask(),
        bytesIn(server.settings.directory),
      ]);
      return { ...report, diskBytes };
    }),
  );
}
