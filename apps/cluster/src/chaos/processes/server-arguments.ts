// How a server of a run is started: what it is told of the others, and how small its log is.
import { joinArguments, peersArguments } from "../../supervisor/layout.js";
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
/** All nodes have one machine's clock: the rate only shortens the leases. */
const LEASE_DRIFT_RATE = 0.01;

/**
 * A node without its data. `initial`: with the list of those who are there, as if all began now;
 * `alone`: with the command by which a sole founder begins a cluster.
 */
export type WipedStart = "initial" | "alone";

export interface Surroundings {
  readonly place: NodePlace;
  /** All places that there may be. */
  readonly places: readonly NodePlace[];
  /** Those who founded the cluster. */
  readonly initial: readonly NodePlace[];
  /** Those who are there now. */
  readonly present: readonly NodePlace[];
  readonly wiped: WipedStart | undefined;
}

/** Everybody knows everybody at the same address, and dials that at a proxy of its own. */
export function serverArguments(surroundings: Surroundings, network: Network): string[] {
  const { place, places, wiped } = surroundings;
  const detours = places
    .filter(({ id }) => id !== place.id)
    .map(({ peer, number }) => {
      return `${peer}=127.0.0.1:${network.port(place.number - 1, number - 1)}`;
    });
  return [
    "--id",
    place.id,
    "--cluster-id",
    "chaos",
    ...beginningOf(surroundings),
    "--http",
    // No client may take a second cluster for this one in the moment before it is found out.
    wiped === "alone" ? "127.0.0.1:0" : place.http,
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
    "--lease-drift-rate",
    String(LEASE_DRIFT_RATE),
    ...(detours.length === 0 ? [] : ["--peer-via", detours.join(",")]),
  ];
}

function beginningOf({ place, initial, present, wiped }: Surroundings): string[] {
  if (wiped === "alone") return [...peersArguments([place]), "--alone"];
  if (wiped === "initial") return peersArguments(present);
  return place.beginning === "founds" ? peersArguments(initial) : joinArguments(place, present);
}
