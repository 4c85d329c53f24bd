// Shares out the file descriptors that this process may open, so that clients never take those the
// log needs: without one it can't go on to its next file, and the node would stop for a reason that
// isn't the disk's.
import { RaftkitError } from "@raftkit/core";
import { defaultLimits } from "./http/limits.js";
import { defaultRedisLimits } from "./redis/limits.js";

export interface DescriptorShares {
  /** HTTP connections open at once. */
  readonly httpConnections: number;
  /** Connections to the Redis port; 0 without one. */
  readonly redisConnections: number;
  /** Connections that other nodes may open to this one. */
  readonly peerConnections: number;
}

/** The process itself (some 25), the log's files, and connections on their way in or out. */
const RESERVED = 48;
const MAX_PEER_CONNECTIONS = 64;
const MIN_PEER_CONNECTIONS = 16;
/** Of clients, at each of the ports. */
const MIN_CONNECTIONS = 8;

/** The process may open too few files to serve. */
class TooFewDescriptors extends RaftkitError {
  constructor(limit: number, needed: number) {
    super(
      "TOO_FEW_DESCRIPTORS",
      `this process may open ${limit} files and connections, and needs at least ${needed}; raise its limit (ulimit -n ${Math.max(needed, 1024)}, or LimitNOFILE= of its service)`,
    );
  }
}

/**
 * @param limit how many descriptors the process may have; undefined where the system has no limit
 * @param peers how many nodes there are
 * @param hasRedis whether there is a Redis port: it gets half of what clients may have
 * @throws {TooFewDescriptors}
 */
export function shareDescriptors(
  limit: number | undefined,
  peers: number,
  hasRedis: boolean,
): DescriptorShares {
  if (limit === undefined) {
    return { ...clientShares(Infinity, hasRedis), peerConnections: MAX_PEER_CONNECTIONS };
  }
  // Each node dials every other one, and may do so anew before the old connection is gone.
  const dialled = 2 * (peers - 1);
  const fewestInbound = Math.max(MIN_PEER_CONNECTIONS, 2 * dialled);
  const fewestClients = (hasRedis ? 2 : 1) * MIN_CONNECTIONS;
  const needed = RESERVED + dialled + fewestInbound + fewestClients;
  if (limit < needed) throw new TooFewDescriptors(limit, needed);
  const peerConnections = Math.max(
    fewestInbound,
    Math.min(MAX_PEER_CONNECTIONS, Math.floor(limit / 8)),
  );
  return {
    ...clientShares(limit - RESERVED - dialled - peerConnections, hasRedis),
    peerConnections,
  };
}

function clientShares(
  all: number,
  hasRedis: boolean,
): Pick<DescriptorShares, "httpConnections" | "redisConnections"> {
  const redisConnections = hasRedis
    ? Math.min(defaultRedisLimits.maxConnections, Math.floor(all / 2))
    : 0;
  return {
    httpConnections: Math.min(defaultLimits.maxConnections, all - redisConnections),
    redisConnections,
  };
}

/** Of this process, as it is now; undefined where the system has none (Windows) or it is infinite. */
export function descriptorLimit(): number | undefined {
  const report: unknown = process.report.getReport();
  const limits = field(report, "userLimits");
  const soft = field(field(limits, "open_files"), "soft");
  return typeof soft === "number" ? soft : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
