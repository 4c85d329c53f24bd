// One node's end of a memory network. It trusts the other ends (same process), but checks what a
// misconfigured cluster gets wrong: cluster id, codec and the owner of an address. It must never
// alias the sender's bytes.
import { RaftkitError } from "@raftkit/core";
import type { LocalNode, NodeId, Peer, Sender, Transport, TransportHandler } from "@raftkit/core";

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
  #local: LocalNode | undefined;
  #handler: TransportHandler | undefined;
  #closed = false;
  #peers: ReadonlyMap<NodeId, string> = new Map();
  /** Each seed, and the node that was met there. */
  #seeds = new Map<string, MemoryTransport | undefined>();
  /** The seeds to which the link was cut: their nodes are met again. */
  readonly #lostSeeds = new Set<string>();
  /** Whoever spoke to this node, and through which end. */
  readonly #callers = new Map<NodeId, MemoryTransport>();
  /** What is on its way from this end, and to whom it ever sent. Lanes die with either end. */
  #lanes = new WeakMap<MemoryTransport, Lane>();
  readonly #reported = new Set<string>();

  constructor(wires: Wires) {
    this.#wires = wires;
  }

  get maxFrameBytes(): number {
    return this.#wires.maxFrameBytes;
  }

  start(local: LocalNode, handler: TransportHandler): Promise<void> {
    if (this.#local !== undefined || this.#closed) {
      return Promise.reject(
        new RaftkitError(
          "ALREADY_STARTED",
          "a transport starts once; take a new one from the network for each node and each restart",
        ),
      );
    }
    const owner = this.#wires.listening.get(local.address);
    if (owner !== undefined) {
      const name = owner.#local === undefined ? "another node" : owner.#local.id;
      return Promise.reject(
        new RaftkitError(
          "ADDRESS_IN_USE",
          `${local.id} can't listen at "${local.address}": ${name} does; close that one first, or choose another address`,
        ),
      );
    }
    this.#local = local;
    this.#handler = handler;
    this.#wires.listening.set(local.address, this);
    for (const end of this.#wires.listening.values()) end.seek();
    return Promise.resolve();
  }

  setPeers(peers: readonly Peer[], seeds: readonly string[]): void {
    this.#peers = new Map(peers.map((peer) => [peer.id, peer.address]));
    this.#seeds = new Map(seeds.map((address) => [address, this.#seeds.get(address)]));
    this.#reported.clear();
    this.seek();
  }

  /** Checks who is at the seeds: a node may have come, or can be reached again. */
  seek(): void {
    for (const address of this.#seeds.keys()) {
      this.#later(() => {
        this.#meet(address);
      });
    }
  }

  send(to: NodeId, parts: readonly Uint8Array[]): boolean {
    const local = this.#local;
    if (local === undefined || this.#closed) return false;
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > this.maxFrameBytes) {
      this.#report(
        to,
        "FRAME_TOO_LARGE",
        `a frame of ${length} bytes for ${to} is larger than maxFrameBytes (${this.maxFrameBytes}); send less at once, or raise the limit`,
      );
      return false;
    }
    const target = this.#find(local, to);
    if (target === undefined) return this.#lose(to);
    const lane = this.#lanes.get(target) ?? { frames: [], bytes: 0 };
    if (lane.bytes + length + FRAME_COST_BYTES > this.#wires.maxQueueBytes) return this.#lose(to);
    lane.frames.push(concatenate(parts, length));
    lane.bytes += length + FRAME_COST_BYTES;
    this.#lanes.set(target, lane);
    // One call per frame that takes the oldest: in order whatever `defer` does, and a handler that
    // throws harms one frame.
    this.#wires.defer(() => {
      this.#deliverNext(local, target, lane);
    });
    return true;
  }

  disconnect(from: Sender): void {
    // By identity, not by id: a namesake of another data directory may have spoken since.
    const end = [...this.#wires.listening.values()].find((other) => other.#is(from));
    if (end === undefined || !(end.#lanes.has(this) || this.#lanes.has(end))) return;
    if (this.#callers.get(from.id) === end) this.#callers.delete(from.id);
    empty(this.#lanes.get(end));
    empty(end.#lanes.get(this));
    end.#later(() => end.#handler?.unreachable(this.#local?.id ?? ""));
  }

  close(): Promise<void> {
    this.#closed = true;
    if (this.#local !== undefined && this.#wires.listening.get(this.#local.address) === this) {
      this.#wires.listening.delete(this.#local.address);
    }
    this.#callers.clear();
    this.#seeds.clear();
    // Others may hold this end for a while: what it held itself ends here.
    this.#handler = undefined;
    this.#lanes = new WeakMap();
    return Promise.resolve();
  }

  /** The link between the two is cut. */
  cutOff(from: NodeId, to: NodeId): void {
    for (const [address, end] of this.#seeds) {
      if (end === undefined) continue;
      const ids = [this.#local?.id, end.#local?.id];
      if (ids.includes(from) && ids.includes(to)) this.#lostSeeds.add(address);
    }
  }

  #meet(address: string): void {
    const end = this.#wires.listening.get(address);
    if (end === undefined || end === this) return;
    const [here, there] = [this.#local, end.#local];
    if (here === undefined || there === undefined) return;
    const isMet = this.#seeds.get(address) === end && !this.#lostSeeds.has(address);
    if (!this.#seeds.has(address) || isMet) return;
    if (this.#wires.isCut(here.id, there.id) || this.#wires.isCut(there.id, here.id)) return;
    if (this.#turnsAway(here, end, there.id)) return;
    this.#seeds.set(address, end);
    this.#lostSeeds.delete(address);
    this.#handler?.met({ id: there.id, incarnation: there.incarnation, run: there.run });
  }

  /**
   * The receiver of frames for `to`: the node at its address, else the one that was met at a seed
   * under that id, else the one that sent frames under it.
   */
  #find(local: LocalNode, to: NodeId): MemoryTransport | undefined {
    const address = this.#peers.get(to);
    const listening = address === undefined ? undefined : this.#wires.listening.get(address);
    const target = listening ?? this.#metAs(to) ?? this.#callers.get(to);
    if (target === undefined || target === this || target.#closed || target.#local === undefined) {
      return undefined;
    }
    return this.#turnsAway(local, target, to) ? undefined : target;
  }

  #metAs(id: NodeId): MemoryTransport | undefined {
    for (const end of this.#seeds.values()) {
      if (end !== undefined && !end.#closed && end.#local?.id === id) return end;
    }
    return undefined;
  }

  /** Whether the two don't match; then both are told. */
  #turnsAway(here: LocalNode, target: MemoryTransport, wanted: NodeId): boolean {
    const there = target.#local;
    if (there === undefined) return false;
    const wrong = mismatch(here, there, wanted);
    if (wrong === undefined) return false;
    this.#report(
      wanted,
      wrong.code,
      `${there.id} ("${there.address}") turned this node away: ${wrong.message}`,
    );
    target.#report(
      here.id,
      wrong.code,
      `turned away ${here.id} ("${here.address}"): ${wrong.message}`,
    );
    return true;
  }

  #deliverNext(from: LocalNode, target: MemoryTransport, lane: Lane): void {
    const frame = lane.frames.shift();
    if (frame === undefined) return; // taken back by a disconnect
    lane.bytes -= frame.length + FRAME_COST_BYTES;
    if (this.#closed) return;
    if (
      target.#closed ||
      target.#local === undefined ||
      this.#wires.isCut(from.id, target.#local.id)
    ) {
      this.#handler?.unreachable(target.#local?.id ?? "");
      return;
    }
    target.#callers.set(from.id, this);
    target.#handler?.receive({ id: from.id, incarnation: from.incarnation, run: from.run }, frame);
  }

  #is({ id, incarnation, run }: Sender): boolean {
    const local = this.#local;
    return local?.id === id && local.incarnation === incarnation && local.run === run;
  }

  #lose(to: NodeId): false {
    this.#later(() => this.#handler?.unreachable(to));
    return false;
  }

  /** Tells the same thing about the same node once. */
  #report(about: NodeId, code: string, message: string): void {
    const key = `${code} ${about}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#later(() => this.#handler?.rejected(new RaftkitError(code, message)));
  }

  #later(run: () => void): void {
    this.#wires.defer(() => {
      if (!this.#closed) run();
    });
  }
}

function mismatch(
  here: LocalNode,
  there: LocalNode,
  wanted: NodeId,
): { readonly code: string; readonly message: string } | undefined {
  if (there.clusterId !== here.clusterId) {
    return {
      code: "CLUSTER_MISMATCH",
      message: `${here.id} belongs to cluster "${here.clusterId}", ${there.id} to "${there.clusterId}"; give both the same cluster id`,
    };
  }
  if (there.codec !== here.codec) {
    return {
      code: "CODEC_MISMATCH",
      message: `${here.id} uses the codec "${here.codec}", ${there.id} uses "${there.codec}"; give both the same codec, and state machines of the same commandFormat`,
    };
  }
  if (there.id === here.id) {
    return {
      code: "DUPLICATE_ID",
      message: `two nodes call themselves ${here.id}; give every node an id of its own`,
    };
  }
  if (there.id !== wanted) {
    return {
      code: "WRONG_PEER",
      message: `${here.id} looked for ${wanted} at "${there.address}" and found ${there.id}; check the addresses of both`,
    };
  }
  return undefined;
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
