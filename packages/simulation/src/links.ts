// The directed links of the simulated network: how each behaves, its packets in flight, and whether
// its connection is open. It carries nothing itself.
import type { NodeId } from "@raftkit/core";
import type { VirtualTime } from "./clock.js";
import type { SeededRandom } from "./random.js";

/** How one direction between two nodes behaves. */
export interface LinkSettings {
  /**
   * Each frame takes a time drawn from here: a wide range reorders frames, unless the link is
   * ordered.
   */
  readonly delayMs: { readonly min: number; readonly max: number };
  /** Frames arrive in the order in which they were sent, as on one connection. */
  readonly ordered: boolean;
  /** The probability that a frame is lost. */
  readonly loss: number;
  /** The probability that a frame arrives twice. */
  readonly duplicate: number;
  /**
   * The probability that a frame arrives with a byte changed: the connection is cut, with
   * everything in flight on it.
   */
  readonly corrupt: number;
  /** How fast frames leave, one after another. */
  readonly bytesPerMs: number;
  /** Nothing passes. */
  readonly cut: boolean;
}

/** Nothing goes wrong. */
export const soundLink: LinkSettings = {
  delayMs: { min: 0.5, max: 2 },
  ordered: false,
  loss: 0,
  duplicate: 0,
  corrupt: 0,
  bytesPerMs: Infinity,
  cut: false,
};

/** One direction between two nodes. */
export interface Link {
  readonly settings: LinkSettings;
  /** When what was sent so far has left. */
  busyUntil: number;
  /** When the last of it arrives. */
  arrivesAt: number;
  /** Counts the connections: what is under way on an earlier one is lost. */
  readonly connection: number;
  readonly downUntil: number;
  change(changes: Partial<LinkSettings>): void;
  /** What is under way is lost, and nothing can be sent for a while. */
  breakConnection(): void;
}

export interface Links {
  get(from: NodeId, to: NodeId): Link;
  /** Those between nodes that are yet to come too. */
  changeAll(changes: Partial<LinkSettings>): void;
}

export function createLinks(
  time: VirtualTime,
  random: SeededRandom,
  initial: LinkSettings,
  reconnectMs: { readonly min: number; readonly max: number },
): Links {
  const links = new Map<string, Link>();
  let everywhere = initial;
  return {
    get(from, to) {
      const name = `${from} ${to}`;
      let found = links.get(name);
      if (found === undefined) {
        links.set(name, (found = createLink(time, random, everywhere, reconnectMs)));
      }
      return found;
    },
    changeAll(changes) {
      everywhere = { ...everywhere, ...changes };
      for (const link of links.values()) link.change(everywhere);
    },
  };
}

function createLink(
  time: VirtualTime,
  random: SeededRandom,
  initial: LinkSettings,
  reconnectMs: { readonly min: number; readonly max: number },
): Link {
  const link = {
    settings: initial,
    busyUntil: 0,
    arrivesAt: 0,
    connection: 0,
    downUntil: 0,
    change(changes: Partial<LinkSettings>): void {
      const settings = { ...link.settings, ...changes };
      // What waited for a slow link is lost when it gets its speed back: it must not come seconds
      // late.
      if (settings.bytesPerMs > link.settings.bytesPerMs && link.busyUntil > time.now()) {
        link.connection++;
        link.busyUntil = link.arrivesAt = time.now();
      }
      link.settings = settings;
    },
    breakConnection(): void {
      link.connection++;
      link.downUntil = time.now() + random.between(reconnectMs.min, reconnectMs.max);
    },
  };
  return link;
}
