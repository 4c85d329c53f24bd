// What a cluster is started with.

export interface UpOptions {
  readonly nodes: number;
  readonly transport: "tcp" | "http";
  readonly codec: "msgpack" | "json";
  readonly storage: "file" | "memory";
  /** Holds what the nodes store, their logs, and how the cluster was created. */
  readonly data: string;
  readonly clusterId: string;
  /** The control API listens here, node i on this plus i. */
  readonly httpBase: number;
  /** Node i serves the Redis protocol on this plus i; 0 or absent: it isn't served. */
  readonly redisBase?: number;
  /** Node i hears the others on this plus i. */
  readonly peerBase: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Delete what an earlier cluster left in `data`. */
  readonly fresh: boolean;
}
