// One server in this process: the HTTP API, and the Redis port where it is asked for, around one
// node. Neither reads the environment nor ends the process.
import { RaftkitError } from "@raftkit/core";
import type { KvChange } from "@raftkit/kv";
import { createChangeFeed, TransferFailed } from "raftkit";
import type { Logger } from "raftkit";
import { notReady } from "./http/errors.js";
import { createHttpListener } from "./http/server.js";
import type { HttpListener } from "./http/server.js";
import { defaultLimits } from "./http/limits.js";
import { tailed } from "./log-tail.js";
import { createMetrics } from "./metrics.js";
import { raftView } from "./node-view.js";
import type { LogSource } from "./node-view.js";
import { defaultRedisLimits } from "./redis/limits.js";
import type { RedisListener, RedisListenerOptions } from "./redis/listener.js";
import { nodesOf, openNode } from "./compose.js";
import type { OpenContext } from "./compose.js";
import type { KvNode } from "./kv-calls.js";
import { kvCalls } from "./kv-calls.js";
import { descriptorLimit, shareDescriptors } from "./file-descriptors.js";
import { formatHostPort } from "./cli/addresses.js";
import type { HostPort } from "./cli/addresses.js";
import { addressOf } from "./cli/parse.js";
import type { Settings } from "./cli/parse.js";
import { clusterRoutes } from "./http/routes/cluster.js";
import { healthRoutes } from "./http/routes/health.js";
import { kvRoutes } from "./http/routes/kv.js";
import { membersRoutes } from "./http/routes/members.js";
import { metricsRoute } from "./http/routes/metrics.js";
import { sessionRoutes } from "./http/routes/sessions.js";
import { statusRoute } from "./http/routes/status.js";
import { dashboardRoutes } from "./http/routes/view.js";
import { watchRoute } from "./http/routes/watch.js";

/** How long requests under way may go on once the server closes. */
const DRAIN_MS = 1000;
/** How long a leader that closes may take to hand its leadership on. */
const TRANSFER_MS = 1000;
/** Each change is looked at for each of them; and half of the connections are for others. */
const WATCHES_MAX = 256;

/** A port for clients can't be had. */
class ListenFailed extends RaftkitError {
  constructor(port: ClientPort, message: string, options: { cause: unknown }) {
    super(`${port.toUpperCase()}_LISTEN_FAILED`, message, options);
  }
}

type ClientPort = "http" | "redis";

export interface RunningServer {
  /** Where HTTP is served: `host:port`, the port as bound. */
  readonly http: string;
  /** The same of the Redis protocol; undefined: it isn't. */
  readonly redis: string | undefined;
  /** Where the other nodes reach this one. */
  readonly peer: string;
  readonly node: KvNode;
  /** Resolves if the node stops by itself; the server still has to be closed. */
  readonly failed: Promise<RaftkitError>;
  /**
   * A leader hands its leadership on (at most a second). Then it stops accepting, finishes what is
   * under way (at most a second), and closes the node. Idempotent.
   */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Replaced in tests. */
  readonly open?: (settings: Settings, context: OpenContext) => Promise<KvNode>;
}

/**
 * Takes the ports for clients first, so that a server that can't serve touches no data. Until the
 * node is open, requests get 503.
 * @throws {ListenFailed} and whatever `createNode` rejects with
 */
export async function startServer({
  settings,
  logger,
  open = openNode,
}: StartOptions): Promise<RunningServer> {
  const { httpConnections, redisConnections, peerConnections } = shareDescriptors(
    descriptorLimit(),
    nodesOf(settings),
    settings.redisPort !== undefined,
  );
  let node: KvNode | undefined;
  let log: LogSource | undefined;
  let closing: Promise<void> | undefined;
  const status = (): ReturnType<KvNode["status"]> | undefined => node?.status();
  const opened = (): KvNode => {
    if (node === undefined) throw notReady("the node is starting");
    return node;
  };
  const metrics = createMetrics(
    () => listener.usage(),
    () => redisListener?.usage(),
  );
  const calls = kvCalls(opened);
  const changes = createChangeFeed<KvChange>({
    maxWatches: Math.min(WATCHES_MAX, Math.floor(httpConnections / 2)),
    sizeOf: (change) => change.key.length + (change.type === "put" ? change.value.length : 0),
  });
  const httpPeers = new Map(settings.httpPeers?.map(({ id, address }) => [id, address]));
  const httpAddress = (id: string): string | undefined =>
    id === settings.id ? http : httpPeers.get(id);
  const listener = createHttpListener({
    routes: [
      kvRoutes(calls, { maxValueBytes: settings.maxValueBytes }),
      watchRoute({
        calls,
        changes: {
          watch: (asked) => (opened(), changes.watch(asked)),
          get index() {
            return changes.index;
          },
        },
      }),
      sessionRoutes(calls),
      statusRoute({ status, httpAddress }),
      metricsRoute(metrics.page),
      clusterRoutes(opened),
      membersRoutes(opened, httpAddress),
      healthRoutes({ status, calls, draining: () => closing !== undefined }),
      dashboardRoutes({
        id: settings.id,
        httpAddress,
        raft: async () => raftView(opened().status(), log, metrics.figures),
      }),
    ],
    logger,
    observer: metrics.observer,
    limits: { ...defaultLimits, maxConnections: httpConnections },
  });
  const redisListener =
    settings.redisPort &&
    (await redisListenerOf({
      calls,
      maxValueBytes: settings.maxValueBytes,
      status,
      logger,
      onCut: metrics.redisCut,
      limits: { ...defaultRedisLimits, maxConnections: redisConnections },
    }));
  const http = await listen("http", listener, settings.http);
  const stop = async (): Promise<void> => {
    if (node) await handOver(node, logger);
    await Promise.all([listener.drain(DRAIN_MS), redisListener?.drain(DRAIN_MS)]);
    metrics.close();
    await node?.close();
  };
  const redis =
    redisListener &&
    (await listen("redis", redisListener, settings.redisPort).catch(async (error: unknown) => {
      await stop();
      throw error;
    }));
  const started = await open(settings, {
    logger,
    peerConnections,
    instruments: metrics.instruments,
    changes,
    watchLog: (storage, codec) => {
      const { log: watched, tail } = tailed(storage);
      log = { tail, codec };
      return watched;
    },
  }).catch(async (error: unknown) => {
    listener.cut();
    await stop();
    throw error;
  });
  node = started;
  const failed = new Promise<RaftkitError>((resolve) => {
    started.on("error", resolve);
    // It may have been quicker than this listener; its log line has the reason.
    if (started.status().state === "failed") {
      resolve(new RaftkitError("NODE_FAILED", "the node failed as it started; the log says why"));
    }
  });
  return {
    http,
    redis,
    peer: addressOf(settings),
    node: started,
    failed,
    close: () => (closing ??= stop()),
  };
}

/**
 * Only a server with a Redis port loads its modules: Node opens all that it loads at the same time,
 * and a process may have few descriptors.
 */
async function redisListenerOf(options: RedisListenerOptions): Promise<RedisListener> {
  const { createRedisListener } = await import("./redis/listener.js");
  return createRedisListener(options);
}

/**
 * While requests are still served: those that wait for the next leader are answered before the node
 * closes. Whatever comes of it, the server closes.
 */
async function handOver(node: KvNode, logger: Logger): Promise<void> {
  if (node.status().role !== "leader") return;
  try {
    const { leaderId } = await node.transferLeadership(null, { timeoutMs: TRANSFER_MS });
    logger.info({ leaderId }, `transferred the leadership to ${leaderId}`);
  } catch (error) {
    if (error instanceof TransferFailed && error.reason === "noOtherVoter") return;
    logger.warn({ err: error }, "closing as the leader: the other nodes have to elect one");
  }
}

async function listen(
  kind: ClientPort,
  listener: Pick<HttpListener | RedisListener, "listen">,
  { host, port }: HostPort,
): Promise<string> {
  const bound = await listener.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === "EADDRINUSE"
        ? "is in use by another process"
        : `can't be bound (${cause.message})`;
    const [name, flag] = kind === "http" ? ["HTTP", "--http"] : ["Redis", "--redis-port"];
    throw new ListenFailed(
      kind,
      `${name} address ${formatHostPort({ host, port })} ${why}; choose another with ${flag}`,
      { cause },
    );
  });
  return formatHostPort({ host, port: bound });
}
