// Which node is where: names, ports, directories and the command line of each server process. Pure.
import { join } from "node:path";
import type { UpOptions } from "./up-options.js";

/**
 * How a node with an empty directory comes to the cluster; later its log decides.
 * `founds`: as one of the initial voters. `joins`: it is added. `rejoins`: it lost its directory.
 */
export type Beginning = "founds" | "joins" | "rejoins";

/** One server process: what it is called and where everything of it is. */
export interface NodePlace {
  readonly number: number;
  readonly id: string;
  /** `host:port` */
  readonly http: string;
  /** `host:port`; absent: the Redis protocol isn't served. */
  readonly redis?: string | undefined;
  /** `host:port` */
  readonly peer: string;
  readonly directory: string;
  readonly logFile: string;
  readonly beginning: Beginning;
}

/** The largest number. */
export const MAX_NODES = 9;

type Layout = Pick<UpOptions, "nodes" | "httpBase" | "redisBase" | "peerBase" | "data">;

const HOST = "127.0.0.1";

/** The initial nodes. */
export function layOut(layout: Layout): NodePlace[] {
  return Array.from({ length: layout.nodes }, (_, i) => placeOf(i + 1, layout));
}

/** Added nodes have numbers above those of the initial nodes. */
export function placeOf(
  number: number,
  { nodes, httpBase, redisBase = 0, peerBase, data }: Layout,
): NodePlace {
  const id = `n${number}`;
  return {
    number,
    id,
    http: `${HOST}:${httpBase + number}`,
    redis: redisBase > 0 ? `${HOST}:${redisBase + number}` : undefined,
    peer: `${HOST}:${peerBase + number}`,
    directory: join(data, id),
    logFile: join(data, "logs", `${id}.log`),
    beginning: number <= nodes ? "founds" : "joins",
  };
}

/** The server's arguments for one of the present nodes. */
export function serverArguments(
  place: NodePlace,
  all: readonly NodePlace[],
  options: UpOptions,
): string[] {
  const initial = layOut(options);
  const possible = Array.from({ length: MAX_NODES }, (_, i) => placeOf(i + 1, options));
  return [
    "--id",
    place.id,
    "--cluster-id",
    options.clusterId,
    ...beginningArguments(place, initial, all),
    "--http",
    place.http,
    "--http-peers",
    possible.map(({ id, http }) => `${id}=${http}`).join(","),
    ...(place.redis === undefined ? [] : ["--redis-port", place.redis]),
    "--transport",
    options.transport,
    "--storage",
    options.storage,
    "--codec",
    options.codec,
    "--data",
    place.directory,
    "--log-level",
    options.logLevel,
  ];
}

/** What a server says of its ports, in the options of `up` that choose them. */
export function inUpOptions(message: string): string {
  return message
    .replace(/choose another with --(http|redis)(?:-port)?$/, "choose others with --$1-base")
    .replace("choose another in --peers, on every node", "choose others with --peer-base");
}

function beginningArguments(
  place: NodePlace,
  initial: readonly NodePlace[],
  all: readonly NodePlace[],
): string[] {
  if (place.beginning === "founds") {
    const peers = peersArguments(initial);
    // With others in its log the server refuses `--alone`: a node that lost its data must rejoin.
    return initial.length === 1 && all.length === 1 ? [...peers, "--alone"] : peers;
  }
  return joinArguments(place, all);
}

/** Of a node that founds the cluster with these, itself included. */
export function peersArguments(nodes: readonly NodePlace[]): string[] {
  return ["--peers", nodes.map(({ id, peer }) => `${id}=${peer}`).join(",")];
}

/** Of a node that joins, or rejoins, all others that there are. */
export function joinArguments(
  { id, peer, beginning }: NodePlace,
  all: readonly NodePlace[],
): string[] {
  const others = all.filter((node) => node.id !== id);
  const join = ["--address", peer, "--join", others.map((node) => node.peer).join(",")];
  return beginning === "rejoins" ? [...join, "--rejoin"] : join;
}
