// A right transport that is as small as it can be: a network inside this process. What it does can be changed in single
// points, each of which makes it wrong in one way.
import type { LocalNode, NodeId, Peer, Sender, Transport, TransportHandler } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { Target, TransportSubject } from "../../src/index.js";

export const MAX_FRAME_BYTES = 2 ** 20;
const MAX_QUEUE_BYTES = 2 ** 21;
const CUT_OFF_MS = 20;

/** What a wrong transport does otherwise. */
export interface Toy {
  /** The bytes that are sent. */
  join(parts: readonly Uint8Array[]): Uint8Array;
  /** The bytes that a receiver gets. */
  deliver(frame: Uint8Array): Uint8Array;
  /** Frames above this are refused. */
  readonly maxSentBytes: number;
  readonly maxQueueBytes: number;
  /** Whom a frame comes from, as the receiver is told. */
  senderOf(local: LocalNode): Sender;
  /** Where a node is looked for. */
  addressOf(id: NodeId, peers: ReadonlyMap<NodeId, string>, met: ReadonlyMap<NodeId, string>): string | undefined;
  /** The peers after `setPeers`. */
  list(before: ReadonlyMap<NodeId, string>, peers: readonly Peer[]): ReadonlyMap<NodeId, string>;
  /** Why a frame of this sender is turned away. */
  refusal(local: LocalNode, from: LocalNode): RaftkitError | undefined;
  readonly reportsRefusals: boolean;
  /** Whether the sender hears of a frame that didn't get through, by reason. */
  reports(reason: "down" | "cut" | "full" | "refused"): boolean;
  /** For how long a disconnected sender is not listened to. ms */
  readonly cutOffMs: number;
}

const right: Toy = {
  join: (parts) => Uint8Array.from(Buffer.concat(parts)),
  deliver: (frame) => frame.slice(),
  maxSentBytes: MAX_FRAME_BYTES,
  maxQueueBytes: MAX_QUEUE_BYTES,
  senderOf: ({ id, incarnation, run }) => ({ id, incarnation, run }),
  addressOf: (id, peers, met) => peers.get(id) ?? met.get(id),
  list: (_, peers) => new Map(peers.map(({ id, address }) => [id, address])),
  refusal(local, from) {
    if (local.clusterId !== from.clusterId) return new RaftkitError("WRONG_CLUSTER", `${from.id} belongs to cluster ${from.clusterId}, not ${local.clusterId}`);
    return local.codec === from.codec ? undefined : new RaftkitError("WRONG_CODEC", `${from.id} speaks ${from.codec}, not ${local.codec}`);
  },
  reportsRefusals: true,
  reports: () => true,
  cutOffMs: CUT_OFF_MS,
};

/** What nodes are to each other. */
interface Listener {
  readonly local: LocalNode;
  /** @returns whether it took the frame */
  accept(from: LocalNode, frame: Uint8Array): boolean;
}

export interface ToyNetwork {
  transport(): Transport;
  cut(from: NodeId, to: NodeId): void;
  heal(from: NodeId, to: NodeId): void;
}

export function createToyNetwork(changes: Partial<Toy> = {}): ToyNetwork {
  const toy: Toy = { ...right, ...changes };
  const listening = new Map<string, Listener>();
  const cuts = new Set<string>();
  return {
    transport: () => createToyTransport(toy, listening, cuts),
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: (from, to) => void cuts.delete(`${from}>${to}`),
  };
}

function createToyTransport(toy: Toy, listening: Map<string, Listener>, cuts: ReadonlySet<string>): Transport {
  let self: { readonly local: LocalNode; readonly handler: TransportHandler } | undefined;
  let peers: ReadonlyMap<NodeId, string> = new Map();
  const met = new Map<NodeId, string>();
  const waiting = new Map<NodeId, number>();
  const cutOff = new Map<string, number>();
  const key = ({ id, incarnation, run }: Sender): string => `${id} ${incarnation} ${run}`;

  function accept(from: LocalNode, frame: Uint8Array): boolean {
    if (self === undefined || (cutOff.get(key(from)) ?? 0) > performance.now()) return false;
    const refusal = toy.refusal(self.local, from);
    if (refusal !== undefined) {
      if (toy.reportsRefusals) self.handler.rejected(refusal);
      return false;
    }
    met.set(from.id, from.address);
    self.handler.receive(toy.senderOf(from), toy.deliver(frame));
    return true;
  }

  function carry(to: NodeId, address: string, frame: Uint8Array): void {
    waiting.set(to, (waiting.get(to) ?? 0) - frame.length);
    if (self === undefined) return;
    const target = listening.get(address);
    const reason = cuts.has(`${self.local.id}>${to}`) ? "cut" : target === undefined ? "down" : target.accept(self.local, frame) ? undefined : "refused";
    if (reason !== undefined && toy.reports(reason)) self.handler.unreachable(to);
  }

  return {
    maxFrameBytes: MAX_FRAME_BYTES,
    async start(local, handler) {
      if (listening.has(local.address)) throw new RaftkitError("ADDRESS_IN_USE", `somebody listens at ${local.address} already; choose another address`);
      self = { local, handler };
      listening.set(local.address, { local, accept });
    },
    setPeers(next) { peers = toy.list(peers, next); },
    send(to, parts) {
      const address = toy.addressOf(to, peers, met);
      const frame = toy.join(parts);
      if (self === undefined || address === undefined || frame.length > toy.maxSentBytes) return false;
      if ((waiting.get(to) ?? 0) + frame.length > toy.maxQueueBytes) {
        if (toy.reports("full")) setImmediate(() => self?.handler.unreachable(to));
        return false;
      }
      waiting.set(to, (waiting.get(to) ?? 0) + frame.length);
      setImmediate(() => carry(to, address, frame));
      return true;
    },
    disconnect(from) { cutOff.set(key(from), performance.now() + toy.cutOffMs); },
    async close() {
      if (self !== undefined) listening.delete(self.local.address);
      self = undefined;
    },
  };
}

/** @param change puts something around each transport */
export function toyTarget(name: string, changes: () => Partial<Toy> = () => ({}), change: (transport: Transport) => Transport = (transport) => transport, patienceMs = 10_000): Target<TransportSubject> {
  return {
    name,
    capabilities: ["listen", "queue", "cut"],
    create() {
      const network = createToyNetwork(changes());
      let addresses = 0;
      return { maxQueueBytes: MAX_QUEUE_BYTES, patienceMs, address: () => `place-${++addresses}`, transport: () => change(network.transport()), links: { cut: (from, to) => network.cut(from, to), heal: (from, to) => network.heal(from, to) } };
    },
  };
}
