// One connection of the toy transport: the hellos, the frames, and the signs of life that tell a
// silent other side from one that has nothing to say.
import type { Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { LocalNode, NodeId, Sender, TransportHandler } from "@raftkit/core";
import { joined } from "../../src/bytes.js";
import { encodeRecord, Kind, readRecords } from "./toy-records.js";
import { createOutbox } from "./toy-outbox.js";
import type { Outbox } from "./toy-outbox.js";
import { keyOf } from "./toy-ways.js";
import type { Ways } from "./toy-ways.js";

const [SILENCE_MS, SIGN_MS] = [250, 50];

/** One connection. */
export interface Channel {
  readonly socket: Socket;
  readonly outbox: Outbox;
  /** Who was dialled; null at a seed, undefined on a connection that came in. */
  readonly dialled: NodeId | null | undefined;
  peer: Sender | undefined;
  /** Whether the beginning of a frame has come. */
  readonly amidFrame: () => boolean;
}

/** What all connections of a node share. */
export interface ToyNode {
  readonly ways: Ways;
  readonly channels: Set<Channel>;
  /** Who was cut off, and until when it is not let in again. */
  readonly keptOut: { readonly who: Sender; readonly until: number }[];
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
  dialled: NodeId | null | undefined,
  opened: (channel: Channel, peer: Sender) => void,
  closed: (channel: Channel) => void,
): Channel {
  const { ways, channels } = node;
  const pieces: Buffer[] = [];
  const channel: Channel = {
    socket,
    outbox: createOutbox(socket, ways),
    dialled,
    peer: ways.nobody,
    amidFrame: () => reader.rest().length > 0 || pieces.length > 0,
  };
  channels.add(channel);
  let [heard, introduced, first] = [true, false, true];
  const deliver = (frame: Uint8Array): void => {
    if (channel.peer !== undefined) node.handler?.receive(channel.peer, frame);
  };
  const reader = readRecords(
    ways.checksum,
    ways.limits.maxFrameBytes,
    ways.announced,
    (kind, payload) => {
      if (kind === Kind.hello) {
        greet(node, channel, introduced, payload, opened);
        introduced = true;
      } else if (kind === Kind.reject) {
        node.handler?.rejected(
          new RaftkitError("MISMATCH", `was turned away: ${payload.toString()}`),
        );
      } else if (channel.peer === undefined) {
        if (kind !== Kind.sign) socket.destroy();
      } else if (kind === Kind.took) channel.outbox.took();
      else if (kind === Kind.frame) deliver(Uint8Array.from(payload));
      else if (kind === Kind.piece || kind === Kind.lastPiece) {
        socket.write(encodeRecord(Kind.took, new Uint8Array(0)));
        pieces.push(payload);
        if (kind === Kind.lastPiece) deliver(joined(pieces.splice(0)));
        else if (pieces.length * ways.pieceBytes > 2 * ways.limits.maxFrameBytes) socket.destroy();
      }
      return !socket.destroyed;
    },
  );
  socket
    .on("error", () => undefined)
    .on("data", (chunk: Buffer) => {
      heard = true;
      if (first) ways.firstBytes(chunk);
      first = false;
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
    if (!heard && ways.noticesSilence(dialled)) socket.destroy();
    heard = false;
  });
  return channel;
}

function greet(
  node: ToyNode,
  channel: Channel,
  introduced: boolean,
  payload: Buffer,
  opened: (channel: Channel, peer: Sender) => void,
): void {
  const { self } = node;
  const hello = node.ways.parseHello(payload.toString());
  const peer =
    hello === undefined
      ? undefined
      : introduced && channel.peer !== undefined
        ? node.ways.introducedAgain(channel.peer, hello)
        : node.ways.credited(hello, channel.dialled ?? undefined);
  if (hello === undefined || self === undefined || peer === undefined) {
    channel.socket.destroy();
    return;
  }
  if (node.ways.knowsItself && keyOf(hello) === keyOf(self)) {
    channel.socket.destroy();
    return;
  }
  const why = node.ways.mismatch(self, hello, channel.dialled);
  if (why !== undefined) {
    node.handler?.rejected(new RaftkitError("MISMATCH", `turned away ${hello.id}: ${why}`));
    channel.socket.end(encodeRecord(Kind.reject, Buffer.from(why)));
  } else if (isKeptOut(node, hello)) {
    channel.socket.destroy();
  } else {
    for (const other of node.channels) {
      if (other.peer !== undefined && node.ways.replaces(hello, other.peer)) other.socket.destroy();
    }
    channel.peer = { id: peer.id, incarnation: peer.incarnation, run: peer.run };
    if (!introduced) opened(channel, channel.peer);
  }
}

function isKeptOut({ ways, keptOut }: ToyNode, comes: Sender): boolean {
  const now = performance.now();
  return keptOut.some(({ who, until }) => until > now && ways.isKeptOut(comes, who));
}
