// One node's end of a memory network. It trusts the other ends (same process), but checks what a
// misconfigured cluster gets wrong, as `Contacts` does. It must never alias the sender's bytes.
import { Contacts, isSameRun, RaftkitError } from "@raftkit/core";
import type {
  Hello,
  LocalNode,
  NodeId,
  Peer,
  Sender,
  Transport,
  TransportHandler,
} from "@raftkit/core";

/** What a waiting frame counts beside its bytes. */
export const FRAME_COST_BYTES: number = 64;

/** What the transports of one network share. */
export interface Wires {
  readonly defer: (run: () => void) => void;
  readonly maxFrameBytes: number;
  readonly maxQueueBytes: number;
  /** The started transports, by address. */
  readonly listening: Map<string, MemoryTransport>;
  isCut(from: NodeId, to: NodeId): boolean;
}

/** Frames on their way from one end to another. */
interface Lane {
  frames: Uint8Array[];
  bytes: number;
}

export class MemoryTransport implements Transport {
  readonly #wires: Wires;
  #contacts: Contacts | undefined;
  #closed = false;
  /** What is on its way from this end, and to whom it ever sent. Lanes die with either end. */
  #lanes = new WeakMap<MemoryTransport, Lane>();

  constructor(wires: Wires) {
    this.#wires = wires;
  }

  get maxFrameBytes(): number {
    return this.#wires.maxFrameBytes;
  }

  start(local: LocalNode, handler: TransportHandler): Promise<void> {
    if (this.#contacts !== undefined || this.#closed) {
      return Promise.reject(
        new RaftkitError(
          "ALREADY_STARTED",
          "a transport starts once; take a new one from the network for each node and each restart",
        ),
      );
    }
    const owner = this.#wires.listening.get(local.address);
    if (owner !== undefined) {
      const name = owner.#self?.id ?? "another node";
      return Promise.reject(
        new RaftkitError(
          "ADDRESS_IN_USE",
          `${local.id} can't listen at "${local.address}": ${name} does; close that one first, or choose another address`,
        ),
      );
    }
    const { defer, maxFrameBytes } = this.#wires;
    this.#contacts = new Contacts(local, maxFrameBytes, handler, () => 0, defer);
    this.#wires.listening.set(local.address, this);
    for (const end of this.#wires.listening.values()) end.seek();
    return Promise.resolve();
  }

  setPeers(peers: readonly Peer[], seeds: readonly string[]): void {
    this.#contacts?.list(peers, seeds);
    this.seek();
  }

  /** Checks who is at the seeds: a node may have come, or gone, or can't be reached now. */
  seek(): void {
    for (const seed of this.#contacts?.seeds ?? []) {
      this.#wires.defer(() => {
        this.#meet(seed);
      });
    }
  }

  send(to: NodeId, parts: readonly Uint8Array[]): boolean {
    const contacts = this.#contacts;
    if (contacts === undefined || this.#closed) return false;
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > this.maxFrameBytes) {
      const message = `a frame of ${length} bytes for ${to} is larger than maxFrameBytes (${this.maxFrameBytes}); send less at once, or raise the limit`;
      contacts.reject(to, new RaftkitError("FRAME_TOO_LARGE", message));
      return false;
    }
    const address = contacts.addressOf(to);
    const target = address === undefined ? undefined : this.#wires.listening.get(address);
    if (target === undefined || !this.#fits(target, to)) return contacts.lost(to);
    const lane = this.#lanes.get(target) ?? { frames: [], bytes: 0 };
    const cost = length + FRAME_COST_BYTES;
    if (lane.bytes + cost > this.#wires.maxQueueBytes) return contacts.lost(to);
    lane.frames.push(concatenate(parts, length));
    lane.bytes += cost;
    this.#lanes.set(target, lane);
    // One call per frame that takes the oldest: in order whatever `defer` does, and a handler that
    // throws harms one frame.
    this.#wires.defer(() => {
      this.#deliverNext(target, lane);
    });
    return true;
  }

  disconnect(from: Sender): void {
    // By identity, not by id: a namesake of another data directory may have spoken since.
    const ends = [...this.#wires.listening.values()];
    const end = ends.find((other) => isSameRun(other.#self, from));
    if (end === undefined || !(end.#lanes.has(this) || this.#lanes.has(end))) return;
    this.#contacts?.cutOff(from, 0);
    empty(this.#lanes.get(end));
    empty(end.#lanes.get(this));
    end.#contacts?.lost(this.#self?.id ?? "");
  }

  close(): Promise<void> {
    this.#closed = true;
    const address = this.#self?.address ?? "";
    if (this.#wires.listening.get(address) === this) this.#wires.listening.delete(address);
    // Others may hold this end for a while: what it held itself ends here.
    this.#contacts?.close();
    this.#lanes = new WeakMap();
    return Promise.resolve();
  }

  /** What this node says of itself, since it started. */
  get #self(): Hello | undefined {
    return this.#contacts?.hello(null);
  }

  #meet(seed: string): void {
    if (this.#contacts?.seeds.includes(seed) !== true) return;
    const end = this.#wires.listening.get(seed);
    const isThere = end !== undefined && this.#reaches(end) && this.#fits(end, null);
    this.#contacts.answered(seed, isThere ? end.#self : undefined);
  }

  /** Whether the link between the two is whole, in both directions. */
  #reaches(end: MemoryTransport): boolean {
    const [here, there] = [this.#self?.id ?? "", end.#self?.id ?? ""];
    return !this.#wires.isCut(here, there) && !this.#wires.isCut(there, here);
  }

  /** Whether the two belong together; if not, both are told. */
  #fits(end: MemoryTransport, wanted: NodeId | null): boolean {
    const [here, there] = [this.#contacts, end.#contacts];
    if (here === undefined || there === undefined) return false;
    if (here.admit(there.hello(null), wanted)) return true;
    there.admit(here.hello(wanted), null);
    return false;
  }

  #deliverNext(target: MemoryTransport, lane: Lane): void {
    const frame = lane.frames.shift();
    if (frame === undefined) return; // taken back by a disconnect
    lane.bytes -= frame.length + FRAME_COST_BYTES;
    const [here, there] = [this.#self, target.#self];
    if (this.#closed || here === undefined || there === undefined) return;
    if (target.#closed || this.#wires.isCut(here.id, there.id)) this.#contacts?.lost(there.id);
    else target.#contacts?.heard(here, frame);
  }
}

function empty(lane: Lane | undefined): void {
  if (lane === undefined) return;
  lane.frames = [];
  lane.bytes = 0;
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
