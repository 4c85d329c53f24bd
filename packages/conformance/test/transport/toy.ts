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

/** A peer, and what leads there. */
interface Link {
  readonly id: NodeId;
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
    const socket = connect({ ...placeOf(link.address), noDelay: true });
    openChannel(
      node,
      socket,
      link.id,
      (channel) => {
        link.failures = 0;
        link.channel = channel;
      },
      ({ peer }) => {
        link.channel = undefined;
        if (link.removed || closing !== undefined) return;
        if (peer !== undefined) link.losses++;
        link.failures++;
        node.handler?.unreachable(link.id);
        if (ways.redials(peer !== undefined, link.losses)) {
          node.later(ways.redialMs(link.failures), () => {
            dial(link);
          });
        }
      },
    );
    introduce(socket);
  }

  async function close(): Promise<void> {
    const waiting = (): boolean =>
      [...links.values()].some(
        ({ channel }) => channel === undefined || channel.outbox.waitingBytes() > 0,
      );
    while (ways.drainsFirst && waiting()) await new Promise((resolve) => setTimeout(resolve, 5));
    node.handler = undefined;
    for (const timer of timers) clearTimeout(timer);
    const dialled = new Set([...links.values()].map(({ channel }) => channel));
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
    setPeers(peers) {
      if (node.handler === undefined) return;
      for (const [id, link] of links) {
        if (peers.some((peer) => peer.id === id && peer.address === link.address)) continue;
        link.removed = true;
        link.channel?.socket.end();
        links.delete(id);
      }
      for (const { id, address } of peers) {
        if (links.has(id)) continue;
        const link: Link = {
          id,
          address,
          channel: undefined,
          losses: 0,
          failures: 0,
          removed: false,
        };
        links.set(id, link);
        dial(link);
      }
    },
    send(to, parts) {
      if (node.handler === undefined) return false;
      const frame = ways.join(parts);
      if (frame.length > ways.limits.maxFrameBytes) return false;
      const channel = links.get(to)?.channel ?? callers.get(to);
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
