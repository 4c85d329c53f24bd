// A simulated network: frames between processes are delayed, lost, doubled, overtaken and cut off, as its settings and seed say.
// It looks into no frame; whoever wants to pick some out passes a filter.
import type { NodeId, Peer, Sender, Transport, TransportHandler } from "@raftkit/core";
import type { VirtualProcess, VirtualTime } from "./clock.js";
import type { SeededRandom } from "./random.js";

/** How one direction between two nodes behaves. */
export interface LinkSettings {
  /** Each frame takes a time drawn from here: a wide range reorders frames. */
  readonly delayMs: { readonly min: number; readonly max: number };
  /** The probability that a frame is lost. */
  readonly loss: number;
  /** The probability that a frame arrives twice. */
  readonly duplicate: number;
  /** Nothing passes. */
  readonly cut: boolean;
}

export interface Packet {
  readonly from: Sender;
  readonly to: NodeId;
  readonly frame: Uint8Array;
  readonly sentAt: number;
}

/** `hold` keeps the packet until `release`. */
export type Verdict = "pass" | "drop" | "hold";

export interface VirtualNetwork {
  /** The transport for one run of a node. */
  attach(process: VirtualProcess): Transport;
  /** Changes one direction. */
  setLink(from: NodeId, to: NodeId, changes: Partial<LinkSettings>): void;
  /** Changes all directions, those between nodes that are yet to come too. */
  setAll(changes: Partial<LinkSettings>): void;
  /** Asked for each packet as it is sent, the newest filter first; the first that doesn't say `pass` decides. @returns takes it away */
  filter(decide: (packet: Packet) => Verdict): () => void;
  /** Lets held packets go on, in the order in which they were sent. */
  release(which?: (packet: Packet) => boolean): void;
  readonly held: readonly Packet[];
  /** Delivers a frame that nobody sent, at once. */
  inject(from: Sender, to: NodeId, frame: Uint8Array): void;
  /** Told of each packet: as it is sent, and as it arrives, is lost or is turned away. */
  onPacket(listener: (what: "sent" | "delivered" | "lost" | "disconnected", packet: Packet) => void): void;
}

export interface NetworkOptions {
  readonly link: LinkSettings;
  readonly maxFrameBytes: number;
}

interface Attached {
  readonly sender: Sender;
  readonly handler: TransportHandler;
  readonly process: VirtualProcess;
}

export function createVirtualNetwork(time: VirtualTime, random: SeededRandom, options: NetworkOptions): VirtualNetwork {
  const attached = new Map<NodeId, Attached>();
  const links = new Map<string, Partial<LinkSettings>>();
  const filters: ((packet: Packet) => Verdict)[] = [];
  const listeners: ((what: "sent" | "delivered" | "lost" | "disconnected", packet: Packet) => void)[] = [];
  let everywhere = options.link;
  let held: Packet[] = [];

  const link = (from: NodeId, to: NodeId): LinkSettings => ({ ...everywhere, ...links.get(`${from} ${to}`) });
  const tell = (what: "sent" | "delivered" | "lost" | "disconnected", packet: Packet): void => {
    for (const listener of listeners) listener(what, packet);
  };

  /** A peer that doesn't run is found out; what the network swallows is not. */
  function reportUnreachable(packet: Packet): void {
    const sender = attached.get(packet.from.id);
    if (sender?.sender.run !== packet.from.run) return;
    sender.process.post(time.now() + link(packet.to, packet.from.id).delayMs.min, () => sender.handler.unreachable(packet.to));
  }

  function arrive(packet: Packet): void {
    const receiver = attached.get(packet.to);
    if (link(packet.from.id, packet.to).cut) tell("lost", packet);
    else if (receiver === undefined || receiver.process.stopped) {
      tell("lost", packet);
      reportUnreachable(packet);
    } else {
      receiver.process.post(time.now(), () => {
        tell("delivered", packet);
        receiver.handler.receive(packet.from, packet.frame.slice());
      });
    }
  }

  function carry(packet: Packet): void {
    const { delayMs, loss, duplicate, cut } = link(packet.from.id, packet.to);
    if (cut || random.chance(loss)) {
      tell("lost", packet);
      return;
    }
    const copies = random.chance(duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) time.at(time.now() + random.between(delayMs.min, delayMs.max), () => arrive(packet));
  }

  function accept(packet: Packet): void {
    tell("sent", packet);
    for (const decide of filters.toReversed()) {
      const verdict = decide(packet);
      if (verdict === "drop") tell("lost", packet);
      else if (verdict === "hold") held.push(packet);
      if (verdict !== "pass") return;
    }
    carry(packet);
  }

  function attach(process: VirtualProcess): Transport {
    let sender: Sender | undefined;
    return {
      maxFrameBytes: options.maxFrameBytes,
      start(local, handler) {
        sender = { id: local.id, incarnation: local.incarnation, run: local.run };
        if (!process.stopped) attached.set(local.id, { sender, handler, process });
        return Promise.resolve();
      },
      setPeers: (_peers: readonly Peer[]) => undefined,
      send(to, parts) {
        if (sender === undefined || process.stopped) return false;
        accept({ from: sender, to, frame: concatenate(parts), sentAt: time.now() });
        return true;
      },
      disconnect(from) {
        if (sender !== undefined) tell("disconnected", { from, to: sender.id, frame: new Uint8Array(), sentAt: time.now() });
      },
      close() {
        if (sender !== undefined && attached.get(sender.id)?.process === process) attached.delete(sender.id);
        sender = undefined;
        return Promise.resolve();
      },
    };
  }

  return {
    attach,
    setLink(from, to, changes) { links.set(`${from} ${to}`, { ...links.get(`${from} ${to}`), ...changes }); },
    setAll(changes) {
      everywhere = { ...everywhere, ...changes };
      links.clear();
    },
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
      for (const packet of going) carry(packet);
    },
    get held() { return held; },
    inject(from, to, frame) { time.at(time.now(), () => arrive({ from, to, frame, sentAt: time.now() })); },
    onPacket: (listener) => { listeners.push(listener); },
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
