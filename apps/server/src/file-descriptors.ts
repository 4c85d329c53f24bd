// Shares out the file descriptors that this process may open, so that clients never take those the
// log needs: without one it can't go on to its next file, and the node would stop for a reason that
// isn't the disk's.
import { RaftkitError } from "@raftkit/core";
import { defaultLimits } from "./http/limits.js";

export interface DescriptorShares {
  /** HTTP connections open at once. */
  readonly httpConnections: number;
  /** Connections that other nodes may open to this one. */
  readonly peerConnections: number;
}

/** The process itself (some 25), the log's files, and connections on their way in or out. */
const RESERVED = 48;
const MAX_PEER_CONNECTIONS = 64;
const MIN_PEER_CONNECTIONS = 16;
const MIN_HTTP_CONNECTIONS = 8;

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
 * @throws {TooFewDescriptors}
 */
export function shareDescriptors(limit: number | undefined, peers: number): DescriptorShares {
  const { maxConnections } = defaultLimits;
  if (limit === undefined) {
    return { httpConnections: maxConnections, peerConnections: MAX_PEER_CONNECTIONS };
  }
  // Each node dials every other one, and may do so anew before the old connection is gone.
  const dialled = 2 * (peers - 1);
  const fewestInbound = Math.max(MIN_PEER_CONNECTIONS, 2 * dialled);
  const needed = RESERVED + dialled + fewestInbound + MIN_HTTP_CONNECTIONS;
  if (limit < needed) throw new TooFewDescriptors(limit, needed);
  const peerConnections = Math.max(
    fewestInbound,
    Math.min(MAX_PEER_CONNECTIONS, Math.floor(limit / 8)),
  );
  return {
    httpConnections: Math.min(maxConnections, limit - RESERVED - dialled - peerConnections),
    peerConnections,
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
