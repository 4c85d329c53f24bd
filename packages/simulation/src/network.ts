// A simulated network: frames between processes are delayed, lost, doubled, overtaken, damaged and
// cut off, as its settings and seed say. It looks into no frame; whoever wants to pick some out
// passes a filter.
import type { NodeId, Sender, Transport } from "@raftkit/core";
import { joined } from "./bytes.js";
import type { Attached, Packet, PacketEvent } from "./carrier.js";
import { createCarrier } from "./carrier.js";
import type { VirtualTime } from "./clock.js";
import type { LinkSettings } from "./links.js";
import { createLinks } from "./links.js";
import type { SeededRandom } from "./random.js";
import type { Seeker } from "./seeds.js";
import { createSeeker } from "./seeds.js";
import type { VirtualProcess } from "./virtual-process.js";

/** `hold` keeps the packet until `release`. */
export type Verdict = "pass" | "drop" | "hold";

export interface VirtualNetwork {
  /** The transport for one run of a node. */
  attach(process: VirtualProcess): Transport;
  /** Changes one direction. */
  setLink(from: NodeId, to: NodeId, changes: Partial<LinkSettings>): void;
  /** Changes all directions, those between nodes that are yet to come too. */
  setAll(changes: Partial<LinkSettings>): void;
  /**
   * Asked for each packet as it is sent, the newest filter first; the first that doesn't say `pass`
   * decides. @returns takes it away
   */
  filter(decide: (packet: Packet) => Verdict): () => void;
  /** Lets held packets go on, in the order in which they were sent. */
  release(which?: (packet: Packet) => boolean): void;
  readonly held: readonly Packet[];
  /** Delivers a frame that nobody sent, at once. */
  inject(from: Sender, to: NodeId, frame: Uint8Array): void;
  /** Told of each packet: as it is sent, and as it arrives, is lost or is turned away. */
  onPacket(listener: (what: PacketEvent, packet: Packet) => void): void;
}

export interface NetworkOptions {
  readonly link: LinkSettings;
  readonly maxFrameBytes: number;
  /** What may wait for a slow link; more is not sent. Default 1 MiB. */
  readonly maxQueueBytes?: number;
  /**
   * How long a connection that was cut, or whose frame was damaged, stays away. Default 20 to 100
   * ms.
   */
  readonly reconnectMs?: { readonly min: number; readonly max: number };
  /**
   * Of a damaged frame: whether the receiver gets it all the same, as if no checksum had told.
   * Default: never.
   */
  readonly unnoticed?: (frame: Uint8Array) => boolean;
}

export function createVirtualNetwork(
  time: VirtualTime,
  random: SeededRandom,
  options: NetworkOptions,
): VirtualNetwork {
  const { maxQueueBytes = 2 ** 20, unnoticed = () => false } = options;
  const attached = new Map<NodeId, Attached>();
  const reconnectMs = options.reconnectMs ?? { min: 20, max: 100 };
  const links = createLinks(time, random, options.link, reconnectMs);
  const filters: ((packet: Packet) => Verdict)[] = [];
  const listeners: ((what: PacketEvent, packet: Packet) => void)[] = [];
  let held: Packet[] = [];
  let packets = 0;

  const tell = (what: PacketEvent, packet: Packet): void => {
    for (const listener of listeners) listener(what, packet);
  };
  const carrier = createCarrier({
    time,
    random,
    links,
    attached,
    unnoticed,
    tell,
  });

  function accept(packet: Packet): boolean {
    tell("sent", packet);
    for (const decide of filters.toReversed()) {
      const verdict = decide(packet);
      if (verdict === "drop") tell("lost", packet);
      else if (verdict === "hold") held.push(packet);
      if (verdict !== "pass") return true;
    }
    const { settings, busyUntil, downUntil } = links.get(packet.from.id, packet.to);
    if (downUntil > time.now() || busyUntil > time.now() + maxQueueBytes / settings.bytesPerMs) {
      tell("lost", packet);
      carrier.reportUnreachable(packet);
      return false;
    }
    carrier.carry(packet);
    return true;
  }

  function attach(process: VirtualProcess): Transport {
    let sender: Sender | undefined;
    let seeker: Seeker | undefined;
    return {
      maxFrameBytes: options.maxFrameBytes,
      start(local, handler) {
        sender = { id: local.id, incarnation: local.incarnation, run: local.run };
        const own = { sender, address: local.address, handler, process };
        if (!process.stopped) attached.set(local.id, own);
        seeker = createSeeker({ time, links, attached, pauseMs: reconnectMs.min }, own);
        return Promise.resolve();
      },
      // Whoever is there can be sent to.
      setPeers(_peers, seeds) {
        if (!process.stopped) seeker?.list(seeds);
      },
      send: (to, parts) =>
        sender !== undefined &&
        !process.stopped &&
        accept({ from: sender, to, frame: joined(parts), sentAt: time.now(), number: ++packets }),
      disconnect(from) {
        if (sender === undefined || process.stopped) return;
        tell("disconnected", {
          from,
          to: sender.id,
          frame: new Uint8Array(),
          sentAt: time.now(),
          number: ++packets,
        });
        const peer = attached.get(from.id)?.sender;
        if (peer?.incarnation !== from.incarnation || peer.run !== from.run) return;
        links.get(from.id, sender.id).breakConnection();
        links.get(sender.id, from.id).breakConnection();
      },
      close() {
        if (sender !== undefined && attached.get(sender.id)?.process === process) {
          attached.delete(sender.id);
        }
        sender = undefined;
        seeker?.list([]);
        seeker = undefined;
        return Promise.resolve();
      },
    };
  }

  return {
    attach,
    setLink: (from, to, changes) => links.get(from, to).change(changes),
    setAll: (changes) => links.changeAll(changes),
    filter(decide) {
      filters.push(decide);
      return () => {
        const at = filters.indexOf(decide);
        if (at >= 0) filters.splice(at, 1);
      };
    },
    release(which = () => true) {
      const going = held.filter(which);
      held = held.filter((packet) => !going.includes(packet));
      for (const packet of going) carrier.carry(packet);
    },
    get held() {
      return held;
    },
    inject(from, to, frame) {
      time.at(time.now(), () => {
        const packet = { from, to, frame, sentAt: time.now(), number: ++packets };
        carrier.arrive(packet, links.get(from.id, to));
      });
    },
    onPacket: (listener) => {
      listeners.push(listener);
    },
  };
}
