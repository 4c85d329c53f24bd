// What a fault of links did while it held, counted only while both nodes of a link ran: a fault
// between nodes that are down is none. It only watches.
import type { Fleet } from "../processes/fleet.js";
import type { Felt, Network } from "./network.js";
import type { Link } from "../faults/schedule.js";

export interface LinkWatch {
  /**
   * To be called often: what happened since the last look counts where both nodes run now and did
   * then.
   */
  look(): void;
  felt(): Felt;
}

export function watchLinks(
  links: readonly Link[],
  network: Pick<Network, "felt">,
  fleet: Pick<Fleet, "isUp">,
): LinkWatch {
  const runs = ([from, to]: Link): boolean => fleet.isUp(from) && fleet.isUp(to);
  const watched = links.map((link) => ({ link, before: network.felt(link), ran: runs(link) }));
  let sum: Felt = { resetConnections: 0, swallowedBytes: 0, heldBytes: 0 };
  return {
    look() {
      for (const one of watched) {
        const { before, ran } = one;
        one.before = network.felt(one.link);
        one.ran = runs(one.link);
        if (ran && one.ran) sum = plus(sum, one.before, before);
      }
    },
    felt: () => sum,
  };
}

function plus(sum: Felt, after: Felt, before: Felt): Felt {
  return {
    resetConnections: sum.resetConnections + after.resetConnections - before.resetConnections,
    swallowedBytes: sum.swallowedBytes + after.swallowedBytes - before.swallowedBytes,
    heldBytes: sum.heldBytes + after.heldBytes - before.heldBytes,
  };
}
