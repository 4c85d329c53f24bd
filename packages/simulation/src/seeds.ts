// Finds who is at the addresses that a process was given without ids. It looks regularly, which costs
// no packets and draws no random numbers.
import type { NodeId, Sender } from "@raftkit/core";
import type { Attached } from "./carrier.js";
import type { VirtualTime } from "./clock.js";
import type { Links } from "./links.js";

export interface SeekerOptions {
  readonly time: VirtualTime;
  readonly links: Links;
  /** The nodes that can be reached now. */
  readonly attached: ReadonlyMap<NodeId, Attached>;
  /** The time between two looks. */
  readonly pauseMs: number;
}

export interface Seeker {
  /** Replaces the seeds. */
  list(seeds: readonly string[]): void;
}

export function createSeeker(options: SeekerOptions, own: Attached): Seeker {
  const { time, links, attached, pauseMs } = options;
  /** Each seed, and the connection on which a node was met there. */
  let known = new Map<string, string | undefined>();
  let looking = false;

  /** The node that would answer now, and its connection: a broken one is followed by another. */
  function lookAt(
    seed: string,
  ): { readonly sender: Sender; readonly connection: string } | undefined {
    const found = [...attached.values()].find(({ address }) => address === seed);
    if (found === undefined || found.process.stopped || found.process.stalled) return undefined;
    const { id, incarnation, run } = found.sender;
    if (id === own.sender.id) return undefined;
    const ways = [links.get(own.sender.id, id), links.get(id, own.sender.id)];
    if (ways.some(({ settings, downUntil }) => settings.cut || downUntil > time.now())) {
      return undefined;
    }
    const numbers = ways.map(({ connection }) => connection);
    return { sender: found.sender, connection: [id, incarnation, run, ...numbers].join(" ") };
  }

  function look(): void {
    for (const [seed, before] of known) {
      const found = lookAt(seed);
      known.set(seed, found?.connection);
      if (found !== undefined && found.connection !== before) own.handler.met(found.sender);
    }
    lookLater();
  }

  function lookLater(): void {
    looking = known.size > 0;
    if (looking) own.process.post(time.now() + pauseMs, look);
  }

  return {
    list(seeds) {
      known = new Map(seeds.map((seed) => [seed, known.get(seed)]));
      if (!looking) lookLater();
    },
  };
}
