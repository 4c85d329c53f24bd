// A link's fault counts for each packet that it changed: one that was lost on the way for whatever
// took it, any other once it arrives. It only listens.
import type { NodeId } from "@raftkit/core";
import type { PacketEvent, VirtualNetwork } from "@raftkit/simulation";
import type { FaultKind } from "../plans/plan.js";

/**
 * What counts once a packet arrives: what made it late with the first copy, what doubled it with
 * the second.
 */
interface Awaited {
  late: readonly FaultKind[];
  doubled: readonly FaultKind[];
  arrived: number;
  /** Copies under way. */
  left: number;
}

/** @param count told once for the sender and once for the receiver */
export function countPackets(
  network: Pick<VirtualNetwork, "onPacket">,
  disturbances: (from: NodeId, to: NodeId) => readonly FaultKind[],
  count: (kind: FaultKind, node: NodeId) => void,
): void {
  const effects: Readonly<Partial<Record<PacketEvent, readonly FaultKind[]>>> = {
    sent: ["delay", "reorder", "slowLink"],
    doubled: ["duplicate"],
    dropped: ["loss"],
    cut: ["cutOneWay", "partition", "bridge"],
    corrupted: ["corrupt"],
  };
  /** By packet. */
  const awaited = new Map<number, Awaited>();
  network.onPacket((what, { from, to, number }) => {
    const countBoth = (kind: FaultKind): void => {
      count(kind, from.id);
      count(kind, to);
    };
    const kinds = disturbances(from.id, to).filter((kind) => effects[what]?.includes(kind));
    const packet = awaited.get(number);
    if (what === "sent") {
      if (kinds.length > 0) awaited.set(number, { late: kinds, doubled: [], arrived: 0, left: 1 });
    } else if (what === "doubled") {
      awaited.set(number, { late: packet?.late ?? [], doubled: kinds, arrived: 0, left: 2 });
    } else kinds.forEach(countBoth);
    if (packet === undefined || (what !== "delivered" && what !== "lost" && what !== "corrupted")) {
      return;
    }
    if (what === "delivered") {
      (packet.arrived++ === 0 ? packet.late : packet.doubled).forEach(countBoth);
    }
    if (--packet.left === 0) awaited.delete(number);
  });
}
