// What a fault of links did while it held, counted only while both nodes of a link ran: a fault
// between nodes that are down is none. It only watches.
import type { Fleet } from "../processes/fleet.js";
import type { FaultImpact, Network } from "./network.js";
import type { Link } from "../faults/schedule.js";

export interface LinkWatch {
  /**
   * To be called often: what happened since the last look counts where both nodes run now and did
   * then.
   */
  look(): void;
  impact(): FaultImpact;
}

export function watchLinks(
  links: readonly Link[],
  network: Pick<Network, "impact">,
  fleet: Pick<Fleet, "isUp">,
): LinkWatch {
  const runs = ([from, to]: Link): boolean => fleet.isUp(from) && fleet.isUp(to);
  const watched = links.map((link) => ({ link, before: network.impact(link), ran: runs(link) }));
  let sum: FaultImpact = { resetConnections: 0, droppedBytes: 0, delayedBytes: 0 };
  return {
    look() {
      for (const one of watched) {
        const { before, ran } = one;
        one.before = network.impact(one.link);
        one.ran = runs(one.link);
        if (ran && one.ran) sum = plus(sum, one.before, before);
      }
    },
    impact: () => sum,
  };
}

function plus(sum: FaultImpact, after: FaultImpact, before: FaultImpact): FaultImpact {
  return {
    resetConnections: sum.resetConnections + after.resetConnections - before.resetConnections,
    droppedBytes: sum.droppedBytes + after.droppedBytes - before.droppedBytes,
    delayedBytes: sum.delayedBytes + after.delayedBytes - before.delayedBytes,
  };
}
