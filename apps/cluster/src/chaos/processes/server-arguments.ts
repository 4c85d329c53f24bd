// How a server of a run is started: what it is told of the others, and how small its log is.
import type { NodePlace } from "../../supervisor/layout.js";
import type { Network } from "../network/network.js";

/**
 * The smallest log that a server takes, and so small a growth that a node takes a snapshot about
 * every second: the log keeps a tail of 128 KiB, and a node that was down for a few seconds is sent
 * a snapshot.
 */
const MAX_LOG_BYTES = 1_048_576;
/** The largest values that so small a log takes. */
const MAX_VALUE_BYTES = 262_144;
const SNAPSHOT_AFTER_BYTES = 65_536;

/** Every node gets the same list of peers; only where it dials them differs: at its own proxies. */
export function serverArguments(
  place: NodePlace,
  all: readonly NodePlace[],
  network: Network,
): string[] {
  const list = (of: (other: NodePlace) => string, nodes: readonly NodePlace[]): string =>
    nodes.map((other) => `${other.id}=${of(other)}`).join(",");
  const others = all.filter(({ id }) => id !== place.id);
  return [
    "--id",
    place.id,
    "--cluster-id",
    "chaos",
    "--peers",
    list(({ peer }) => peer, all),
    "--http",
    place.http,
    "--data",
    place.directory,
    "--log-level",
    "info",
    "--timeout-ms",
    "1000",
    "--max-log-bytes",
    String(MAX_LOG_BYTES),
    "--max-value-bytes",
    String(MAX_VALUE_BYTES),
    "--snapshot-after-bytes",
    String(SNAPSHOT_AFTER_BYTES),
    ...(others.length === 0
      ? []
      : [
          "--peer-via",
          others
            .map(({ peer, number }) => {
              return `${peer}=127.0.0.1:${network.port(place.number - 1, number - 1)}`;
            })
            .join(","),
        ]),
  ];
}
