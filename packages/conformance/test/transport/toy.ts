// A small right transport over TCP, with places where wrong ones differ: `ways`. A hello from both sides, then frames; one
// connection is dialled for each peer, answers take the one that came in.
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { LocalNode, NodeId, Sender, Transport, TransportHandler } from "@raftkit/core";
import { joined } from "../../src/bytes.js";
import { encodeRecord, Kind, readRecords } from "./toy-records.js";

/** The choices in which a wrong transport differs. */
export interface Ways {
  readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  /** Why these two don't belong together. */
  readonly mismatch: (ours: LocalNode, theirs: LocalNode) => string | undefined;
  readonly startError: (error: Error) => Error;
  /** Whether a frame may wait, given what waits on its connection. */
  readonly hasRoom: (waitingBytes: number, frameBytes: number) => boolean;
  /** Whether a frame that had no room is reported. */
  readonly reportsFull: boolean;
  /** After which kinds of lost connections a peer is dialled again, given how many open ones were lost. */
  readonly redials: (wasOpen: boolean, losses: number) => boolean;
  /** What is done about bytes that are no record. */
  readonly badRecord: (socket: Socket) => void;
  readonly helloComesWhole: boolean;
  readonly checksum: boolean;
  readonly deliversRestAtEnd: boolean;
  readonly noticesSilence: boolean;
  /** How `close` ends a connection, on which the beginning of a frame may have come. */
  readonly end: (socket: Socket, amidFrame: boolean) => void;
  /** Whether `close` first waits until every peer is there and has everything. */
  readonly drainsFirst: boolean;
  /** Whether `close` ends connections that came in. */
  readonly hangsUp: boolean;
  readonly keepsListening: boolean;
  readonly disconnects: boolean;
  readonly keepsOutMs: number;
}

export const LIMITS = { maxFrameBytes: 300_000, maxQueueBytes: 600_000 } as const;
const [SILENCE_MS, SIGN_MS, REDIAL_MS] = [250, 50, 15];

const rightWays: Ways = {
  join: joined,
  mismatch: (ours, theirs) => (ours.clusterId !== theirs.clusterId ? "another cluster" : ours.codec !== theirs.codec ? "another codec" : undefined),
  startError: (error) => new RaftkitError("ADDRESS_IN_USE", `can't listen: ${error.message}`, { cause: error }),
  hasRoom: (waitingBytes, frameBytes) => waitingBytes + frameBytes <= LIMITS.maxQueueBytes,
  redials: () => true,
  badRecord: (socket) => { socket.destroy(); },
  end: (socket) => { socket.destroy(); },
  reportsFull: true, helloComesWhole: false, checksum: true, deliversRestAtEnd: false, noticesSilence: true, drainsFirst: false, hangsUp: true, keepsListening: false, disconnects: true,
  keepsOutMs: 60,
};

/** One connection. */
interface Channel {
  readonly socket: Socket;
  peer: Sender | undefined;
  /** Whether the beginning of a frame has come. */
  readonly amidFrame: () => boolean;
}

/** A peer, and what leads there. */
interface Link {
  readonly id: NodeId;
  readonly address: string;
  channel: Channel | undefined;
  losses: number;
  removed: boolean;
}

export function createToyTransport(changes: Partial<Ways> = {}): Transport {
  const ways: Ways = { ...rightWays, ...changes };
  const channels = new Set<Channel>();
  const callers = new Map<NodeId, Channel>();
  const links = new Map<NodeId, Link>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const keptOut = new Map<string, number>();
  let self: LocalNode | undefined;
  let handler: TransportHandler | undefined;
  let server: Server | undefined;
  let closing: Promise<void> | undefined;

  function later(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  }

  /** @param opened the hellos were right @param closed the last call */
  function open(socket: Socket, opened: (channel: Channel, peer: Sender) => void, closed: (channel: Channel) => void): Channel {
    const channel: Channel = { socket, peer: undefined, amidFrame: () => reader.rest().length > 0 };
    channels.add(channel);
    let heard = true;
    const reader = readRecords(ways.checksum, LIMITS.maxFrameBytes, (kind, payload) => {
      if (kind === Kind.hello && channel.peer === undefined) greet(channel, payload, opened);
      else if (kind === Kind.reject) handler?.rejected(new RaftkitError("MISMATCH", `was turned away: ${payload.toString()}`));
      else if (kind === Kind.frame && channel.peer !== undefined) handler?.receive(channel.peer, Uint8Array.from(payload));
      return !socket.destroyed;
    });
    socket.on("error", () => undefined).on("data", (chunk: Buffer) => {
      heard = true;
      if ((channel.peer === undefined && ways.helloComesWhole && chunk.length < 9) || !reader.push(chunk)) ways.badRecord(socket);
    });
    socket.on("end", () => {
      const rest = reader.rest();
      if (ways.deliversRestAtEnd && channel.peer !== undefined && rest.length > 0) handler?.receive(channel.peer, Uint8Array.from(rest));
      socket.destroy();
    });
    socket.on("close", () => {
      channels.delete(channel);
      closed(channel);
    });
    const every = (ms: number, run: () => void): void => {
      if (!channels.has(channel)) return;
      run();
      later(ms, () => { every(ms, run); });
    };
    every(SIGN_MS, () => { if (channel.peer !== undefined) socket.write(encodeRecord(Kind.sign, new Uint8Array(0))); });
    every(SILENCE_MS, () => {
      if (!heard && ways.noticesSilence) socket.destroy();
      heard = false;
    });
    return channel;
  }

  function greet(channel: Channel, payload: Buffer, opened: (channel: Channel, peer: Sender) => void): void {
    const hello = parseHello(payload.toString());
    if (hello === undefined || self === undefined) {
      channel.socket.destroy();
      return;
    }
    const why = ways.mismatch(self, hello);
    if (why !== undefined) {
      handler?.rejected(new RaftkitError("MISMATCH", `turned away ${hello.id}: ${why}`));
      channel.socket.end(encodeRecord(Kind.reject, Buffer.from(why)));
    } else if ((keptOut.get(keyOf(hello)) ?? 0) > performance.now()) {
      channel.socket.destroy();
    } else {
      channel.peer = { id: hello.id, incarnation: hello.incarnation, run: hello.run };
      opened(channel, channel.peer);
    }
  }

  function introduce(socket: Socket): void {
    socket.write(encodeRecord(Kind.hello, Buffer.from(JSON.stringify(self))));
  }

  function accept(socket: Socket): void {
    open(socket, (channel, { id }) => {
      introduce(socket);
      callers.set(id, channel);
    }, (channel) => {
      if (channel.peer !== undefined && callers.get(channel.peer.id) === channel) callers.delete(channel.peer.id);
    });
  }

  function dial(link: Link): void {
    if (link.removed || closing !== undefined) return;
    const socket = connect({ port: portOf(link.address), host: "127.0.0.1", noDelay: true });
    open(socket, (channel) => { link.channel = channel; }, ({ peer }) => {
      link.channel = undefined;
      if (link.removed || closing !== undefined) return;
      if (peer !== undefined) link.losses++;
      handler?.unreachable(link.id);
      if (ways.redials(peer !== undefined, link.losses)) later(REDIAL_MS, () => { dial(link); });
    });
    introduce(socket);
  }

  async function close(): Promise<void> {
    const waiting = (): boolean => [...links.values()].some(({ channel }) => channel === undefined || channel.socket.writableLength > 0);
    while (ways.drainsFirst && waiting()) await new Promise((resolve) => setTimeout(resolve, 5));
    handler = undefined;
    for (const timer of timers) clearTimeout(timer);
    const dialled = new Set([...links.values()].map(({ channel }) => channel));
    const listening = server?.listening === true ? server : undefined;
    const ended = ways.keepsListening ? listening?.unref() : listening === undefined ? undefined : new Promise((resolve) => listening.close(resolve));
    for (const channel of channels) if (ways.hangsUp || dialled.has(channel)) ways.end(channel.socket, channel.amidFrame());
    await Promise.all([ended, ...[...channels].map(({ socket }) => ways.hangsUp && !socket.closed ? new Promise((resolve) => socket.once("close", resolve)) : undefined)]);
  }

  return {
    maxFrameBytes: LIMITS.maxFrameBytes,
    async start(local, given) {
      const listening = createServer({ noDelay: true }, accept);
      [self, server] = [local, listening];
      await new Promise<void>((resolve, reject) => {
        listening.once("error", (error) => { reject(ways.startError(error)); });
        listening.listen(portOf(local.address), "127.0.0.1", resolve);
      });
      handler = given;
    },
    setPeers(peers) {
      if (handler === undefined) return;
      for (const [id, link] of links) {
        if (peers.some((peer) => peer.id === id && peer.address === link.address)) continue;
        link.removed = true;
        link.channel?.socket.end();
        links.delete(id);
      }
      for (const { id, address } of peers) {
        if (links.has(id)) continue;
        const link: Link = { id, address, channel: undefined, losses: 0, removed: false };
        links.set(id, link);
        dial(link);
      }
    },
    send(to, parts) {
      if (handler === undefined) return false;
      const frame = ways.join(parts);
      if (frame.length > LIMITS.maxFrameBytes) return false;
      const socket = (links.get(to)?.channel ?? callers.get(to))?.socket;
      if (socket === undefined || !ways.hasRoom(socket.writableLength, frame.length)) {
        if (socket === undefined || ways.reportsFull) later(0, () => { handler?.unreachable(to); });
        return false;
      }
      socket.write(encodeRecord(Kind.frame, frame));
      return true;
    },
    disconnect(from) {
      if (!ways.disconnects) return;
      keptOut.set(keyOf(from), performance.now() + ways.keepsOutMs);
      for (const { peer, socket } of channels) if (peer !== undefined && keyOf(peer) === keyOf(from)) socket.destroy();
    },
    close: () => (closing ??= close()),
  };
}

function parseHello(text: string): LocalNode | undefined {
  try {
    return JSON.parse(text) as LocalNode;
  } catch {
    return undefined;
  }
}

function portOf(address: string): number {
  return Number(address.split(":")[1]);
}

function keyOf({ id, incarnation, run }: Sender): string {
  return `${id} ${incarnation} ${run}`;
}
