// One connection of the toy transport: the hellos, the frames, and the signs of life that tell a
// silent other side from one that has nothing to say.
import type { Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { LocalNode, Sender, TransportHandler } from "@raftkit/core";
import { encodeRecord, Kind, readRecords } from "./toy-records.js";
import { LIMITS } from "./toy-ways.js";
import type { Ways } from "./toy-ways.js";

const [SILENCE_MS, SIGN_MS] = [250, 50];

/** One connection. */
export interface Channel {
  readonly socket: Socket;
  peer: Sender | undefined;
  /** Whether the beginning of a frame has come. */
  readonly amidFrame: () => boolean;
}

/** What all connections of a node share. */
export interface ToyNode {
  readonly ways: Ways;
  readonly channels: Set<Channel>;
  /** Until when a sender is not let in again. */
  readonly keptOut: Map<string, number>;
  /** Undefined until the start. */
  self: LocalNode | undefined;
  /** Undefined also from the close on. */
  handler: TransportHandler | undefined;
  later(delayMs: number, run: () => void): void;
}

/** @param opened the hellos were right @param closed the last call */
export function openChannel(
  node: ToyNode,
  socket: Socket,
  opened: (channel: Channel, peer: Sender) => void,
  closed: (channel: Channel) => void,
): Channel {
  const { ways, channels } = node;
  const channel: Channel = { socket, peer: undefined, amidFrame: () => reader.rest().length > 0 };
  channels.add(channel);
  let heard = true;
  const reader = readRecords(ways.checksum, LIMITS.maxFrameBytes, (kind, payload) => {
    if (kind === Kind.hello && channel.peer === undefined) greet(node, channel, payload, opened);
    else if (kind === Kind.reject) {
      node.handler?.rejected(
        new RaftkitError("MISMATCH", `was turned away: ${payload.toString()}`),
      );
    } else if (kind === Kind.frame && channel.peer !== undefined) {
      node.handler?.receive(channel.peer, Uint8Array.from(payload));
    }
    return !socket.destroyed;
  });
  socket
    .on("error", () => undefined)
    .on("data", (chunk: Buffer) => {
      heard = true;
      if (
        (channel.peer === undefined && ways.helloComesWhole && chunk.length < 9) ||
        !reader.push(chunk)
      ) {
        ways.badRecord(socket);
      }
    });
  socket.on("end", () => {
    const rest = reader.rest();
    if (ways.deliversRestAtEnd && channel.peer !== undefined && rest.length > 0) {
      node.handler?.receive(channel.peer, Uint8Array.from(rest));
    }
    socket.destroy();
  });
  socket.on("close", () => {
    channels.delete(channel);
    closed(channel);
  });
  const every = (ms: number, run: () => void): void => {
    if (!channels.has(channel)) return;
    run();
    node.later(ms, () => {
      every(ms, run);
    });
  };
  every(SIGN_MS, () => {
    if (channel.peer !== undefined) socket.write(encodeRecord(Kind.sign, new Uint8Array(0)));
  });
  every(SILENCE_MS, () => {
    if (!heard && ways.noticesSilence) socket.destroy();
    heard = false;
  });
  return channel;
}

function greet(
  node: ToyNode,
  channel: Channel,
  payload: Buffer,
  opened: (channel: Channel, peer: Sender) => void,
): void {
  const { self } = node;
  const hello = parseHello(payload.toString());
  if (hello === undefined || self === undefined) {
    channel.socket.destroy();
    return;
  }
  const why = node.ways.mismatch(self, hello);
  if (why !== undefined) {
    node.handler?.rejected(new RaftkitError("MISMATCH", `turned away ${hello.id}: ${why}`));
    channel.socket.end(encodeRecord(Kind.reject, Buffer.from(why)));
  } else if ((node.keptOut.get(keyOf(hello)) ?? 0) > performance.now()) {
    channel.socket.destroy();
  } else {
    channel.peer = { id: hello.id, incarnation: hello.incarnation, run: hello.run };
    opened(channel, channel.peer);
  }
}

function parseHello(text: string): LocalNode | undefined {
  try {
    return JSON.parse(text) as LocalNode;
  } catch {
    return undefined;
  }
}

export function keyOf({ id, incarnation, run }: Sender): string {
  return `${id} ${incarnation} ${run}`;
}
