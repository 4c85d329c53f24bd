// Which node is where: names, ports, directories and the command line of each server process. Pure.
import { join } from "node:path";
import type { UpOptions } from "./up-options.js";

/** One server process: what it is called and where everything of it is. */
export interface NodePlace {
  readonly number: number;
  readonly id: string;
  /** `host:port` */
  readonly http: string;
  /** `host:port` */
  readonly peer: string;
  readonly directory: string;
  readonly logFile: string;
}

const HOST = "127.0.0.1";

export function layOut({
  nodes,
  httpBase,
  peerBase,
  data,
}: Pick<UpOptions, "nodes" | "httpBase" | "peerBase" | "data">): NodePlace[] {
  return Array.from({ length: nodes }, (_, i) => {
    const number = i + 1;
    const id = `n${number}`;
    return {
      number,
      id,
      http: `${HOST}:${httpBase + number}`,
      peer: `${HOST}:${peerBase + number}`,
      directory: join(data, id),
      logFile: join(data, "logs", `${id}.log`),
    };
  });
}

/** The server's arguments for one of these nodes. */
export function serverArguments(
  place: NodePlace,
  all: readonly NodePlace[],
  options: UpOptions,
): string[] {
  const list = (of: "http" | "peer"): string =>
    all.map((node) => `${node.id}=${node[of]}`).join(",");
  return [
    "--id",
    place.id,
    "--cluster-id",
    options.clusterId,
    "--peers",
    list("peer"),
    ...(all.length === 1 ? ["--alone"] : []),
    "--http",
    place.http,
    "--http-peers",
    list("http"),
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
