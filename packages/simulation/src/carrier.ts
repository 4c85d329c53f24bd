// Carries packets over the links of the simulated network: when they arrive, once, twice, damaged
// or never, and who is told. Which packets are sent at all is decided elsewhere.
import type { NodeId, Sender, TransportHandler } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { VirtualTime } from "./clock.js";
import type { Link, Links } from "./links.js";
import type { SeededRandom } from "./random.js";
import type { VirtualProcess } from "./virtual-process.js";

export interface Packet {
  readonly from: Sender;
  readonly to: NodeId;
  readonly frame: Uint8Array;
  readonly sentAt: number;
  /** Counts what was sent. */
  readonly number: number;
}

/**
 * `doubled`: it will arrive twice. `lost` for any reason; besides, `cut` where nothing passes,
 * `dropped` where the link loses some. `corrupted`: it arrived damaged. `disconnected`: the
 * receiver turned the sender away.
 */
export type PacketEvent =
  | "sent"
  | "delivered"
  | "doubled"
  | "lost"
  | "dropped"
  | "cut"
  | "corrupted"
  | "disconnected";

/** A run of a node, as the network knows it. */
export interface Attached {
  readonly sender: Sender;
  readonly address: string;
  readonly handler: TransportHandler;
  readonly process: VirtualProcess;
}

export interface CarrierOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly links: Links;
  /** Those who can be reached now. */
  readonly attached: ReadonlyMap<NodeId, Attached>;
  /** Of a damaged frame: whether the receiver gets it all the same. */
  readonly unnoticed: (frame: Uint8Array) => boolean;
  readonly tell: (what: PacketEvent, packet: Packet) => void;
}

export interface Carrier {
  /** Sends the packet on its way. */
  carry(packet: Packet): void;
  /** It has come to the end of its way. */
  arrive(packet: Packet, on: Link): void;
  /** Lets the sender know that its packet came nowhere. */
  reportUnreachable(packet: Packet): void;
}

export function createCarrier(options: CarrierOptions): Carrier {
  const { time, random, links, attached, unnoticed, tell } = options;

  /**
   * A peer that doesn't run is found out, and so is a connection that breaks; what the network
   * swallows is not.
   */
  function reportUnreachable({ from, to }: Packet): void {
    const sender = attached.get(from.id);
    if (sender?.sender.run !== from.run) return;
    sender.process.post(time.now() + links.get(to, from.id).settings.delayMs.min, () =>
      sender.handler.unreachable(to),
    );
  }

  function arrive(packet: Packet, on: Link): void {
    const receiver = attached.get(packet.to);
    if (on.settings.cut) loseByCut(packet);
    else if (receiver === undefined || receiver.process.stopped) {
      tell("lost", packet);
      reportUnreachable(packet);
    } else if (random.chance(on.settings.corrupt)) arriveDamaged(packet, on, receiver);
    else deliver(packet, receiver, packet.frame.slice());
  }

  function loseByCut(packet: Packet): void {
    tell("cut", packet);
    tell("lost", packet);
  }

  function deliver(packet: Packet, receiver: Attached, frame: Uint8Array): void {
    receiver.process.handOver(() => {
      tell("delivered", packet);
      receiver.handler.receive(packet.from, frame);
    });
  }

  function arriveDamaged(packet: Packet, on: Link, receiver: Attached): void {
    tell("corrupted", packet);
    const frame = packet.frame.slice();
    const at = random.integer(Math.max(1, frame.length));
    frame[at] = (frame[at] ?? 0) ^ (1 + random.integer(255));
    if (unnoticed(frame)) {
      receiver.process.post(time.now(), () => receiver.handler.receive(packet.from, frame));
      return;
    }
    on.breakConnection();
    reportUnreachable(packet);
    receiver.process.post(time.now(), () =>
      receiver.handler.rejected(
        new RaftkitError(
          "CORRUPT_STREAM",
          `a frame of ${packet.from.id} has a wrong checksum; the connection is cut`,
        ),
      ),
    );
  }

  function carry(packet: Packet): void {
    const on = links.get(packet.from.id, packet.to);
    const { delayMs, ordered, loss, duplicate, cut, bytesPerMs } = on.settings;
    if (cut) {
      loseByCut(packet);
      return;
    }
    if (random.chance(loss)) {
      tell("dropped", packet);
      tell("lost", packet);
      return;
    }
    const { connection } = on;
    on.busyUntil = Math.max(on.busyUntil, time.now()) + packet.frame.length / bytesPerMs;
    const copies = random.chance(duplicate) ? 2 : 1;
    if (copies === 2) tell("doubled", packet);
    for (let i = 0; i < copies; i++) {
      const drawn = on.busyUntil + random.between(delayMs.min, delayMs.max);
      const at = ordered ? Math.max(drawn, on.arrivesAt) : drawn;
      on.arrivesAt = Math.max(on.arrivesAt, at);
      time.at(at, () => {
        if (on.connection === connection) arrive(packet, on);
        else tell("lost", packet);
      });
    }
  }

  return { carry, arrive, reportUnreachable };
}
