// A small right transport over TCP, with places where wrong ones differ: `ways`. A hello from both
// sides, then frames; one connection is dialled for each peer, answers take the one that came in.
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { NodeId, Transport } from "@raftkit/core";
import { openChannel } from "./toy-channel.js";
import type { Channel, ToyNode } from "./toy-channel.js";
import { encodeRecord, Kind } from "./toy-records.js";
import { rightWays } from "./toy-ways.js";
import type { Ways } from "./toy-ways.js";

export { LIMITS } from "./toy-ways.js";
export type { Ways } from "./toy-ways.js";

/** A peer or a seed, and what leads there. */
interface Link {
  /** Undefined at a seed. */
  readonly id: NodeId | undefined;
  readonly address: string;
  channel: Channel | undefined;
  losses: number;
  /** Attempts in a row that came to nothing. */
  failures: number;
  removed: boolean;
}

export function createToyTransport(changes: Partial<Ways> = {}): Transport {
  const ways: Ways = { ...rightWays, ...changes };
  const callers = new Map<NodeId, Channel>();
  const links = new Map<NodeId, Link>();
  const seeds = new Map<string, Link>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const node: ToyNode = {
    ways,
    channels: new Set(),
    keptOut: [],
    self: undefined,
    handler: undefined,
    later(delayMs, run) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, delayMs);
      timers.add(timer);
    },
  };
  let server: Server | undefined;
  let closing: Promise<void> | undefined;

  function introduce(socket: Socket): void {
    socket.write(encodeRecord(Kind.hello, Buffer.from(JSON.stringify(node.self))));
  }

  function accept(socket: Socket): void {
    openChannel(
      node,
      socket,
      undefined,
      (channel, { id }) => {
        introduce(socket);
        callers.set(id, channel);
      },
      (channel) => {
        if (channel.peer !== undefined && callers.get(channel.peer.id) === channel) {
          callers.delete(channel.peer.id);
        }
      },
    );
  }

  function dial(link: Link): void {
    if (link.removed || closing !== undefined) return;
    if (!/^(127[.]|\/)/.test(link.address)) return;
    const socket = connect({ ...placeOf(link.address), noDelay: true });
    openChannel(
      node,
      socket,
      link.id ?? null,
      (channel, peer) => {
        link.failures = 0;
        link.channel = channel;
        if (link.id === undefined) node.handler?.met(peer);
      },
      ({ peer }) => {
        link.channel = undefined;
        if (link.removed || closing !== undefined) return;
        if (peer !== undefined) link.losses++;
        link.failures++;
        if (link.id !== undefined) node.handler?.unreachable(link.id);
        else if (!ways.seeksOn(peer !== undefined)) return;
        if (ways.redials(peer !== undefined, link.losses)) {
          node.later(ways.redialMs(link.failures), () => {
            dial(link);
          });
        }
      },
    );
    introduce(socket);
  }

  function relink(
    known: Map<string, Link>,
    wanted: ReadonlyMap<string, Pick<Link, "id" | "address">>,
  ): void {
    for (const [key, link] of known) {
      if (wanted.get(key)?.address === link.address) continue;
      link.removed = true;
      link.channel?.socket.end();
      known.delete(key);
    }
    for (const [key, { id, address }] of wanted) {
      if (known.has(key)) continue;
      const link = { id, address, channel: undefined, losses: 0, failures: 0, removed: false };
      known.set(key, link);
      dial(link);
    }
  }

  async function close(): Promise<void> {
    const waiting = (): boolean =>
      [...links.values(), ...seeds.values()].some(
        ({ channel }) => channel === undefined || channel.outbox.waitingBytes() > 0,
      );
    while (ways.drainsFirst && waiting()) await new Promise((resolve) => setTimeout(resolve, 5));
    node.handler = undefined;
    for (const timer of timers) clearTimeout(timer);
    const dialled = new Set([...links.values(), ...seeds.values()].map(({ channel }) => channel));
    await Promise.all([stopListening(server, ways), ...endChannels(node, dialled)]);
  }

  return {
    maxFrameBytes: ways.limits.maxFrameBytes,
    async start(local, handler) {
      const listening = createServer({ noDelay: true }, accept);
      [node.self, server] = [local, listening];
      await listen(listening, placeOf(local.address), ways);
      node.handler = handler;
    },
    setPeers(peers, addresses) {
      if (node.handler === undefined) return;
      relink(links, new Map(peers.map((peer) => [peer.id, peer])));
      relink(seeds, new Map(addresses.map((address) => [address, { id: undefined, address }])));
    },
    send(to, parts) {
      if (node.handler === undefined) return false;
      const frame = ways.join(parts);
      if (frame.length > ways.limits.maxFrameBytes) return false;
      const met = [...seeds.values()].find(({ channel: one }) => one?.peer?.id === to);
      const channel = links.get(to)?.channel ?? met?.channel ?? callers.get(to);
      const all = [...node.channels].reduce((sum, { outbox }) => sum + outbox.waitingBytes(), 0);
      if (
        channel === undefined ||
        !ways.hasRoom(channel.outbox.waitingBytes(), frame.length, all)
      ) {
        if (channel === undefined || ways.reportsFull) {
          node.later(0, () => {
            node.handler?.unreachable(to);
          });
        }
        return false;
      }
      channel.outbox.push(frame);
      return true;
    },
    disconnect(from) {
      if (!ways.disconnects) return;
      node.keptOut.push({ who: from, until: performance.now() + ways.keepsOutMs });
      for (const { peer, socket } of node.channels) {
        if (peer !== undefined && ways.isCutOff(peer, from)) socket.destroy();
      }
    },
    close: () => (closing ??= close()),
  };
}

function listen(server: Server, place: ReturnType<typeof placeOf>, ways: Ways): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(ways.startError(error));
    });
    server.listen(place, resolve);
  });
}

function stopListening(server: Server | undefined, ways: Ways): Promise<unknown> | undefined {
  if (server?.listening !== true) return undefined;
  if (!ways.keepsListening) return new Promise((resolve) => server.close(resolve));
  server.unref();
  return undefined;
}

/** @returns for each connection that must end, that it has ended */
function endChannels(
  { ways, channels }: ToyNode,
  dialled: ReadonlySet<Channel | undefined>,
): (Promise<unknown> | undefined)[] {
  for (const channel of channels) {
    if (ways.hangsUp || dialled.has(channel)) ways.end(channel.socket, channel.amidFrame());
  }
  return [...channels].map(({ socket }) =>
    ways.hangsUp && !socket.closed
      ? new Promise((resolve) => socket.once("close", resolve))
      : undefined,
  );
}

/** `127.0.0.1:PORT`, or the path of a Unix socket. */
function placeOf(address: string): { port: number; host: string } | { path: string } {
  const [host, port] = address.split(":");
  return host === "127.0.0.1" ? { host, port: Number(port) } : { path: address };
}
