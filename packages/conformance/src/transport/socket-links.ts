// The network between adapters that listen on loopback sockets: a proxy per link, which can break,
// fall silent and treat the bytes badly. It knows nothing of what the bytes mean. Of addresses it
// needs `127.0.0.1:PORT` in them.
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { NodeId, Peer } from "@raftkit/core";
import type { Disturbance, Intruder, Links } from "./subject.js";

/** Below where systems take ports from by themselves, so that one that was seen free stays free. */
const PORTS = { first: 10_000, count: 20_000 } as const;
/** After so many more bytes a disturbance has had its effect. */
const MUCH_BYTES = 200_000;
const HOST_AND_PORT = /127\.0\.0\.1:(\d+)/;

export interface SocketLinks extends Required<Links> {
  /** A port of 127.0.0.1 that nobody listens on. */
  freePort(): Promise<number>;
}

/** The state of one link. */
interface Wire {
  readonly server: Server;
  readonly target: number;
  readonly port: number;
  readonly sockets: Set<Socket>;
  mode: "open" | "cut" | "stalled";
  disturbance: Disturbance | undefined;
  disturbed: boolean;
}

/** Makes the links of one subject. */
export function createSocketLinks(): SocketLinks {
  const wires = new Map<string, Wire>();
  const intruders = new Set<Socket>();

  function wire(from: NodeId, to: NodeId): Wire {
    const found = wires.get(`${from} ${to}`);
    if (found === undefined) throw new Error(`no link leads from ${from} to ${to}`);
    return found;
  }

  /** What is connected breaks: the new mode holds for what comes. */
  function change(from: NodeId, to: NodeId, mode: Wire["mode"], disturbance?: Disturbance): void {
    const link = wire(from, to);
    link.mode = mode;
    link.disturbance = disturbance;
    link.disturbed = false;
    for (const socket of link.sockets) {
      if (mode === "stalled") socket.unpipe().pause();
      else socket.destroy();
    }
  }

  return {
    freePort,
    async route(from: NodeId, to: Peer) {
      const port = Number(HOST_AND_PORT.exec(to.address)?.[1]);
      const known = wires.get(`${from} ${to.id}`);
      const link = known?.target === port ? known : await open(port);
      if (known !== undefined && known !== link) void shut(known);
      wires.set(`${from} ${to.id}`, link);
      return to.address.replace(HOST_AND_PORT, `127.0.0.1:${link.port}`);
    },
    cut: (from, to) => {
      change(from, to, "cut");
    },
    stall: (from, to) => {
      change(from, to, "stalled");
    },
    heal: (from, to) => {
      change(from, to, "open");
    },
    disturb(from, to, disturbance) {
      change(from, to, "open", disturbance);
      return () => wire(from, to).disturbed;
    },
    async intrude(address: string, bytes: Uint8Array): Promise<Intruder> {
      const socket = connect(Number(HOST_AND_PORT.exec(address)?.[1]), "127.0.0.1");
      intruders.add(
        socket
          .on("error", () => undefined)
          .on("close", () => intruders.delete(socket))
          .resume(),
      );
      await new Promise<void>((resolve) => {
        socket.write(bytes, () => {
          resolve();
        });
      });
      return {
        close: () => {
          socket.destroy();
        },
      };
    },
    async close() {
      for (const socket of intruders) socket.destroy();
      await Promise.all([...wires.values()].map(shut));
    },
  };
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => {
        resolve(false);
      });
      server.listen(port, "127.0.0.1", () => {
        server.close(() => {
          resolve(true);
        });
      });
    });
    if (isFree) return port;
  }
}

async function open(target: number): Promise<Wire> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const link: Wire = {
    server,
    target,
    port,
    sockets: new Set(),
    mode: "open",
    disturbance: undefined,
    disturbed: false,
  };
  server.on("connection", (socket: Socket) => {
    accept(link, socket);
  });
  return link;
}

function shut(link: Wire): Promise<void> {
  for (const socket of link.sockets) socket.destroy();
  return new Promise((resolve) => {
    link.server.close(() => {
      resolve();
    });
  });
}

function accept(link: Wire, near: Socket): void {
  if (link.mode === "cut") {
    near.destroy();
    return;
  }
  const far = connect({ port: link.target, host: "127.0.0.1", noDelay: true });
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ] as const) {
    link.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      link.sockets.delete(socket);
      other.destroy();
    });
  }
  if (link.mode === "stalled") return; // nobody reads
  far.pipe(near);
  if (link.disturbance === undefined) near.pipe(far);
  else disturb(link, near, far, link.disturbance);
}

function disturb(link: Wire, near: Socket, far: Socket, disturbance: Disturbance): void {
  const at =
    disturbance.kind === "break"
      ? disturbance.afterBytes
      : disturbance.kind === "flip"
        ? disturbance.atByte
        : 0;
  let passed = 0;
  let sent = Promise.resolve();
  near.on("end", () => {
    void sent.then(() => {
      far.end();
    });
  });
  near.on("close", () => {
    if (passed > at && link.disturbance === disturbance) link.disturbed = true;
  });
  near.on("data", (chunk: Buffer) => {
    const offset = at - passed;
    passed += chunk.length;
    if (passed > at + MUCH_BYTES && link.disturbance === disturbance) link.disturbed = true;
    if (disturbance.kind === "chop") {
      sent = sent.then(() => writeInPieces(far, chunk, disturbance.bytes));
    } else if (disturbance.kind === "flip") {
      if (offset >= 0 && offset < chunk.length) chunk[offset] = (chunk[offset] ?? 0) ^ 0x10;
      far.write(chunk);
    } else if (offset >= 0) {
      far.write(chunk.subarray(0, offset));
      // Ended, not reset: what came before the break is read by the other side.
      if (chunk.length > offset) far.end();
    }
  });
  near.resume();
}

/** A turn of the event loop between two pieces, so that they are read one by one. */
async function writeInPieces(far: Socket, chunk: Buffer, bytes: number): Promise<void> {
  for (let at = 0; at < chunk.length && !far.destroyed; at += bytes) {
    far.write(chunk.subarray(at, at + bytes));
    await new Promise(setImmediate);
  }
}
