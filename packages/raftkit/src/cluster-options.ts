// How a node comes to its cluster: checks the options, and whether they fit the data directory.
import type { NodeId, Peer, RaftStatus } from "@raftkit/core";
import { isValidAddress, isValidId, serversOf } from "@raftkit/core";
import type { ClusterOptions } from "./api-members.js";
import { InvalidOption } from "./errors.js";
import { wrong } from "./option-shapes.js";

const IDS = "1 to 64 of A-Z, a-z, 0-9, _ and -";
const ADDRESSES = "addresses of 1 to 256 printable ASCII characters";

/** The options that say which node this is, and of which cluster. */
export interface Place {
  readonly id: NodeId;
  readonly address?: string;
  readonly cluster: ClusterOptions;
}

/** Where the others reach this node. */
export function addressOf({ id, address, cluster }: Place): string {
  return address ?? cluster.bootstrap?.find((peer) => peer.id === id)?.address ?? "";
}

/** @throws {InvalidOption} */
export function checkCluster(place: Place): void {
  const { id, address, cluster } = place;
  if (!isValidId(cluster.id)) throw wrong("cluster.id", cluster.id, IDS);
  if (address !== undefined && !isValidAddress(address)) throw wrong("address", address, ADDRESSES);
  const { bootstrap, join } = cluster;
  if (bootstrap) {
    if (join) throw oneOf("bootstrap and join");
    checkBootstrap(id, bootstrap);
    refuse("rejoin", cluster.rejoin, "join, for a node whose data directory was lost");
    if (cluster.alone === true && bootstrap.length > 1) {
      throw wrong("cluster.alone", true, "if cluster.bootstrap lists only this node");
    }
  } else if (join) {
    checkJoin(address, join);
    refuse("alone", cluster.alone, "bootstrap, for a node that founds a cluster of its own");
  } else throw oneOf("neither bootstrap nor join");
}

function oneOf(given: string): InvalidOption {
  return new InvalidOption(
    `option cluster: given ${given}; allowed: one of bootstrap, the initial voters of a new cluster, and join, addresses of members of an existing one`,
  );
}

function refuse(name: string, given: boolean | undefined, owner: string): void {
  if (given === undefined) return;
  throw new InvalidOption(`option cluster.${name}: it belongs to cluster.${owner}`);
}

function checkBootstrap(id: NodeId, bootstrap: readonly Peer[]): void {
  const name = "cluster.bootstrap";
  for (const peer of bootstrap) {
    if (!isValidId(peer.id)) throw wrong(name, peer.id, `ids of ${IDS}`);
    if (!isValidAddress(peer.address)) throw wrong(name, peer.address, ADDRESSES);
  }
  const ids = bootstrap.map((peer) => peer.id);
  if (new Set(ids).size !== ids.length) throw wrong(name, ids.join(", "), "each id once");
  const shared = bootstrap.find(
    (peer, i) => bootstrap.findIndex((other) => other.address === peer.address) < i,
  );
  if (shared) {
    const those = bootstrap.filter((other) => other.address === shared.address);
    const given = `${those.map((peer) => peer.id).join(" and ")} at ${shared.address}`;
    throw wrong(name, given, "each address once");
  }
  if (!ids.includes(id)) throw wrong(name, ids.join(", "), `a list that has this node, ${id}`);
}

function checkJoin(address: string | undefined, join: readonly string[]): void {
  if (address === undefined) {
    throw new InvalidOption(
      "option address: not given; cluster.join requires it: where the others reach this node",
    );
  }
  for (const one of join) if (!isValidAddress(one)) throw wrong("cluster.join", one, ADDRESSES);
  if (join.some((one) => one !== address)) return;
  throw wrong(
    "cluster.join",
    join,
    "addresses of members, at least one of them not this node's own",
  );
}

/**
 * Whether the options fit the contents of the data directory.
 * @throws {InvalidOption}
 */
export function checkBeginning(place: Place, { lastIndex, configuration }: RaftStatus): void {
  const { id, cluster } = place;
  const { bootstrap } = cluster;
  if (!bootstrap) return;
  const others = configuration
    ? serversOf(configuration).flatMap((server) => (server.id === id ? [] : [server.id]))
    : [];
  if (cluster.alone === true && others.length > 0) {
    throw new InvalidOption(
      `option cluster.alone: given true, but the log of node ${id} also has other members: ${others.join(", ")}; remove it: it is for the first start only, and would begin a second cluster if this data directory were lost`,
    );
  }
  if (lastIndex > 0 || configuration) return;
  if (bootstrap.length === 1 && cluster.alone !== true) {
    throw new InvalidOption(
      `option cluster.bootstrap: it lists only node ${id}, and the data directory is empty; to found a cluster of this node alone, set cluster.alone: true at this first start. If the data directory of ${id} was lost, and the cluster has other members, start it with cluster.join and rejoin: true instead`,
    );
  }
  const listed = bootstrap.find((peer) => peer.id === id)?.address;
  if (addressOf(place) !== listed) {
    throw wrong("address", place.address, `${listed}, the address of ${id} in cluster.bootstrap`);
  }
}
