// A network in memory that can be cut, and that can refuse to send.
import type { Clock, LocalNode, NodeId, Sender, Transport, TransportHandler } from "@raftkit/core";

export interface TestNetwork {
  transport(): TestTransport;
  /** Nothing goes to or from these any more. */
  isolate(...ids: readonly NodeId[]): void;
  heal(): void;
  /** Frames so far. */
  sent: number;
}

export interface TestTransport extends Transport {
  readonly calls: string[];
  /** Where it dials without knowing who is there. */
  seeds: readonly string[];
  /** What `send` answers instead of true; asked for each frame. */
  refuses: (to: NodeId, frame: Uint8Array) => boolean;
  startError: Error | undefined;
  /** Once started. */
  readonly handler: TransportHandler | undefined;
  /** As if it came from the network. */
  inject(from: Sender, frame: Uint8Array): void;
}

export function createTestNetwork(clock: Clock): TestNetwork {
  const endpoints = new Map<
    NodeId,
    { readonly local: LocalNode; readonly handler: TransportHandler }
  >();
  const cut = new Set<NodeId>();
  /** Where each dials without knowing who is there. */
  const seeds = new Map<NodeId, readonly string[]>();
  const met = new Set<string>();
  const network: TestNetwork = {
    transport,
    isolate: (...ids) => ids.forEach((id) => cut.add(id)),
    heal: () => {
      cut.clear();
      meetAtSeeds();
    },
    sent: 0,
  };

  function meetAtSeeds(): void {
    for (const [id, addresses] of seeds) {
      for (const { local } of endpoints.values()) {
        const { id: other, incarnation, run, address } = local;
        const key = `${id} ${other} ${incarnation} ${run}`;
        if (other === id || cut.has(id) || cut.has(other) || met.has(key)) continue;
        if (!addresses.includes(address)) continue;
        met.add(key);
        clock.defer(() => endpoints.get(id)?.handler.met({ id: other, incarnation, run }));
      }
    }
  }

  function transport(): TestTransport {
    let self: LocalNode | undefined;
    const own: TestTransport = {
      get handler() {
        return self && endpoints.get(self.id)?.handler;
      },
      maxFrameBytes: 2 ** 20,
      calls: [],
      seeds: [],
      refuses: () => false,
      startError: undefined,
      start(local, handler) {
        own.calls.push("start");
        if (own.startError) return Promise.reject(own.startError);
        self = local;
        endpoints.set(local.id, { local, handler });
        for (const key of met) if (key.startsWith(`${local.id} `)) met.delete(key);
        meetAtSeeds();
        return Promise.resolve();
      },
      setPeers(peers, addresses) {
        own.calls.push(`setPeers ${peers.map(({ id }) => id).join()}`);
        own.seeds = addresses;
        if (self) seeds.set(self.id, addresses);
        meetAtSeeds();
      },
      send(to, parts) {
        const from = self;
        const frame = new Uint8Array(Buffer.concat(parts));
        if (!from || own.refuses(to, frame)) return false;
        network.sent++;
        if (cut.has(from.id) || cut.has(to)) return true;
        clock.defer(() =>
          endpoints
            .get(to)
            ?.handler.receive(
              { id: from.id, incarnation: from.incarnation, run: from.run },
              frame.slice(),
            ),
        );
        return true;
      },
      inject: (from, frame) => {
        if (self) endpoints.get(self.id)?.handler.receive(from, frame);
      },
      disconnect: (from) => void own.calls.push(`disconnect ${from.id}`),
      close() {
        own.calls.push("close");
        if (self && endpoints.get(self.id)?.local === self) {
          endpoints.delete(self.id);
          seeds.delete(self.id);
        }
        return Promise.resolve();
      },
    };
    return own;
  }
  return network;
}
