// Faults that every transport allows by its contract, added above any adapter: frames that are
// lost, doubled and late, and links that are cut. It must never alter a frame: a transport doesn't
// either.
import type { NodeId, Random, Transport } from "@raftkit/core";

export interface Faults {
  readonly random: Random;
  /**
   * How likely each frame is lost, doubled, held back: 0 to 1. Changing these is how a test begins
   * and ends a fault.
   */
  loss: number;
  duplicate: number;
  reorder: number;
  /** Directed links on which nothing arrives, as `from>to`. */
  readonly cut: Set<string>;
}

/** For so long a frame is held back at most; those sent meanwhile overtake it. */
const HELD_BACK_MAX_MS = 10;

export function withFaults(transport: Transport, faults: Faults): Transport {
  let self: NodeId = "";
  const held = new Set<ReturnType<typeof setTimeout>>();

  /** What was held back is on its way: it is sent later, unless the sender is gone by then. */
  function holdBack(to: NodeId, parts: readonly Uint8Array[]): void {
    const timer = setTimeout(() => {
      held.delete(timer);
      transport.send(to, parts);
    }, faults.random() * HELD_BACK_MAX_MS);
    held.add(timer);
  }

  return {
    maxFrameBytes: transport.maxFrameBytes,
    start(local, handler) {
      self = local.id;
      return transport.start(local, handler);
    },
    setPeers: (peers, seeds) => {
      transport.setPeers(peers, seeds);
    },
    send(to, parts) {
      if (faults.cut.has(`${self}>${to}`) || faults.random() < faults.loss) return true;
      if (faults.random() < faults.duplicate) holdBack(to, parts);
      if (faults.random() >= faults.reorder) return transport.send(to, parts);
      holdBack(to, parts);
      return true;
    },
    disconnect: (from) => {
      transport.disconnect(from);
    },
    close() {
      for (const timer of held) clearTimeout(timer);
      held.clear();
      return transport.close();
    },
  };
}
