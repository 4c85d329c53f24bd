// How each computer comes to its cluster when it is started: some found it, the others are given
// addresses of members and join, and whoever lost the disk of a voter takes its place back.
import type { Configuration, NodeId } from "@raftkit/core";
import { votersOf } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import type { Computer, Place } from "./computer.js";

const CLUSTER = "simulated";
/** So many addresses whoever joins is given. */
const SEEDS = 2;

export interface Places {
  of(computer: Computer): Place;
  addressOf(id: NodeId): string;
  /** It moves: its next start has another address. */
  move(computer: Computer): void;
  /** Members are about to change: a list of one is for the first starts only. */
  grow(): void;
  /** Its next start is given addresses of present members. */
  invite(computer: Computer): void;
}

export interface PlacesOptions {
  readonly random: SeededRandom;
  readonly ids: readonly NodeId[];
  /** So many of them found the cluster. */
  readonly founders: number;
  /** Whoever comes later, or lost its disk, joins; else it founds again. */
  readonly joins: boolean;
  /** Something was ever committed. */
  readonly isBootstrapped: () => boolean;
  /** Those by which somebody may yet be elected. */
  readonly inForce: () => readonly Configuration[];
  /** Undefined: nobody has one. */
  readonly latest: () => Configuration | undefined;
}

export function createPlaces(options: PlacesOptions): Places {
  const { random, ids, founders } = options;
  const addresses = new Map(ids.map((id) => [id, id]));
  /** Of those that joined: by which addresses, and whether they took a place back. */
  const joined = new Map<NodeId, { readonly join: readonly string[]; readonly rejoin: boolean }>();
  let moves = 0;
  let hasGrown = false;

  const addressOf = (id: NodeId): string => addresses.get(id) ?? id;

  function seedsFor(own: NodeId): readonly string[] {
    const members = options.latest()?.voters.map(({ id }) => id) ?? ids.slice(0, founders);
    const others = members.filter((id) => id !== own);
    const from = others.length > 0 ? others : ids.filter((id) => id !== own);
    const first = random.integer(from.length);
    return [...from.slice(first), ...from].slice(0, Math.min(SEEDS, from.length)).map(addressOf);
  }

  function joining(id: NodeId): { readonly join: readonly string[]; readonly rejoin: boolean } {
    const isVoting = options.inForce().some((one) => votersOf(one).some((it) => it.id === id));
    return { join: seedsFor(id), rejoin: isVoting };
  }

  return {
    addressOf,
    of({ id, disk }) {
      const founding = ids.slice(0, founders);
      const isBlank = disk.incarnation === undefined;
      const founds = founding.includes(id) && (!isBlank || !options.isBootstrapped());
      if (options.joins && isBlank && !founds) joined.set(id, joining(id));
      const how = joined.get(id);
      if (how) return { address: addressOf(id), cluster: { id: CLUSTER, ...how } };
      const isAlone = founders === 1 && !hasGrown;
      const bootstrap = founding.map((one) => ({ id: one, address: one }));
      const address = addressOf(id);
      return {
        ...(address !== id && { address }),
        cluster: { id: CLUSTER, bootstrap, ...(isAlone && { alone: true }) },
      };
    },
    move({ id }) {
      addresses.set(id, `${id}-moved-${++moves}`);
    },
    grow() {
      hasGrown = true;
    },
    invite({ id }) {
      joined.set(id, { join: seedsFor(id), rejoin: joined.get(id)?.rejoin ?? false });
    },
  };
}
