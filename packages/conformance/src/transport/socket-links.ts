// The network between adapters that listen on loopback sockets: a proxy per link, which can break,
// fall silent and treat the bytes badly. It knows nothing of what the bytes mean. Of addresses it
// needs `127.0.0.1:PORT` in them, or that they are absolute paths of Unix sockets.
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { RaftkitError } from "@raftkit/core";
import type { NodeId, Peer } from "@raftkit/core";
import type { Disturbance, Intruder, Links } from "./subject.js";

/** Below where systems take ports from by themselves, so that one that was seen free stays free. */
const PORTS = { first: 10_000, count: 20_000 } as const;
/** After so many more bytes a disturbance has had its effect. */
const MUCH_BYTES = 200_000;
/** A slow line gives so much at once. */
const THROTTLE_MS = 5;
/** Timers that rang late are made up for, up to so much: the line is no slower on a busy machine. */
const LATE_MAX_MS = 10;
const HOST_AND_PORT = /127\.0\.0\.1:(\d+)/;

export interface SocketLinks extends Required<Links> {
  /** A port of 127.0.0.1 that nobody listens on. */
  freePort(): Promise<number>;
  /** A path on which nobody listens, for a Unix socket; gone with `close`. */
  freePath(): string;
}

/** Where somebody listens. */
type Place = { readonly port: number; readonly host: string } | { readonly path: string };

/** The state of one link. */
interface Wire {
  readonly server: Server;
  readonly target: string;
  readonly address: string;
  readonly sockets: Set<Socket>;
  attempts: number;
  /** What was said, connection by connection, in the order in which they were opened. */
  readonly said: Buffer[][];
  mode: "open" | "cut" | "stalled";
  disturbance: Disturbance | undefined;
  disturbed: boolean;
}

/** Makes the links of one subject. */
export function createSocketLinks(): SocketLinks {
  const wires = new Map<string, Wire>();
  const intruders = new Set<Socket>();
  let folder: string | undefined;
  let paths = 0;

  function freePath(): string {
    folder ??= mkdtempSync(join(tmpdir(), "links-"));
    return join(folder, `${++paths}.sock`);
  }

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
      if (mode === "stalled") silence(socket);
      else socket.destroy();
    }
  }

  return {
    freePort,
    freePath,
    async route(from: NodeId, to: Peer) {
      const known = wires.get(`${from} ${to.id}`);
      const link = known?.target === to.address ? known : await open(to.address, freePath);
      if (known !== undefined && known !== link) void shut(known);
      wires.set(`${from} ${to.id}`, link);
      return link.address;
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
    attempts: (from, to) => wire(from, to).attempts,
    record: (from, to) => () =>
      (wires.get(`${from} ${to}`)?.said ?? []).map((chunks) => Buffer.concat(chunks)),
    async intrude(address: string, bytes: Uint8Array): Promise<Intruder> {
      const socket = connect(placeOf(address));
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
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
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

/** @throws {RaftkitError} `CONFORMANCE_SUBJECT`: it can't be told from the name of a host */
function placeOf(address: string): Place {
  const port = HOST_AND_PORT.exec(address)?.[1];
  if (port !== undefined) return { port: Number(port), host: "127.0.0.1" };
  if (isAbsolute(address)) return { path: address };
  throw new RaftkitError(
    "CONFORMANCE_SUBJECT",
    `"${address}" is neither 127.0.0.1:PORT nor an absolute path; createSocketLinks can't stand in between; use 127.0.0.1`,
  );
}

/** A proxy for who listens at `target`, with an address of the same kind. */
async function open(target: string, freePath: () => string): Promise<Wire> {
  const place = placeOf(target);
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  const own: Place = "path" in place ? { path: freePath() } : { port: 0, host: "127.0.0.1" };
  await new Promise<void>((resolve) => {
    server.listen(own, resolve);
  });
  const link: Wire = {
    server,
    target,
    address:
      "path" in own
        ? own.path
        : target.replace(HOST_AND_PORT, `127.0.0.1:${(server.address() as AddressInfo).port}`),
    sockets: new Set(),
    attempts: 0,
    said: [],
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

/** Nobody reads from it any more, and who hangs up gets no answer. */
function silence(socket: Socket): void {
  socket.unpipe().pause();
  socket.allowHalfOpen = true;
}

function accept(link: Wire, near: Socket): void {
  link.attempts++;
  if (link.mode === "cut") {
    near.destroy();
    return;
  }
  const far = connect({ ...placeOf(link.target), noDelay: true });
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ] as const) {
    link.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      link.sockets.delete(socket);
      if (link.mode !== "stalled") other.destroy(); // else with what heals or cuts the link
    });
  }
  if (link.mode === "stalled") {
    silence(near);
    silence(far);
    return;
  }
  const said: Buffer[] = [];
  link.said.push(said);
  near.on("data", (chunk: Buffer) => said.push(Buffer.from(chunk)));
  const { disturbance } = link;
  if (disturbance?.kind === "throttle") {
    void throttle(near, far, disturbance.bytesPerSecond);
    void throttle(far, near, disturbance.bytesPerSecond);
    return;
  }
  far.pipe(near);
  if (disturbance === undefined) near.pipe(far);
  else disturb(link, near, far, disturbance);
}

/** Reads no faster than it may write, so that the sender's queue is where things wait. */
async function throttle(source: Socket, target: Socket, bytesPerSecond: number): Promise<void> {
  const piece = Math.max(1024, Math.ceil((bytesPerSecond * THROTTLE_MS) / 1000));
  let free = performance.now();
  try {
    for await (const chunk of source.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += piece) {
        if (target.destroyed) return;
        const part = chunk.subarray(at, at + piece);
        target.write(part);
        free = Math.max(free, performance.now() - LATE_MAX_MS);
        free += (1000 * part.length) / bytesPerSecond;
        const waitMs = free - performance.now();
        if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    target.end();
  } catch {
    target.destroy(); // the source broke
  }
}

function disturb(
  link: Wire,
  near: Socket,
  far: Socket,
  disturbance: Exclude<Disturbance, { kind: "throttle" }>,
): void {
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
