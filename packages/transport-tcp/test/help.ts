// What the tests share: nodes that record what they are told, raw sockets that speak the protocol
// by hand, and waiting.
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { crc32 } from "node:zlib";
import type { Clock, LocalNode, RaftkitError, Sender } from "@raftkit/core";
import { onTestFinished } from "vitest";
import { createTcpTransport } from "../src/index.js";
import type { SocketFactory, TcpTransport, TcpTransportOptions } from "../src/index.js";

export interface End {
  readonly id: string;
  readonly transport: TcpTransport;
  readonly frames: { readonly from: Sender; readonly frame: Uint8Array }[];
  readonly met: Sender[];
  readonly unreachable: string[];
  readonly rejected: RaftkitError[];
}

export function local(id: string, overrides: Partial<LocalNode> = {}): LocalNode {
  return {
    id,
    address: "127.0.0.1:0",
    clusterId: "green",
    codec: "json",
    incarnation: `${id}-0123456789abcdef`,
    run: 1,
    ...overrides,
  };
}

export async function open(node: LocalNode, options: TcpTransportOptions = {}): Promise<End> {
  const end: End = {
    id: node.id,
    transport: createTcpTransport({ reconnectMs: { min: 5, max: 50 }, ...options }),
    frames: [],
    met: [],
    unreachable: [],
    rejected: [],
  };
  onTestFinished(() => end.transport.close());
  await end.transport.start(node, {
    receive: (from, frame) => end.frames.push({ from, frame }),
    met: (from) => end.met.push(from),
    unreachable: (to) => end.unreachable.push(to),
    rejected: (error) => end.rejected.push(error),
  });
  return end;
}

export function meet(...ends: readonly End[]): void {
  for (const end of ends) {
    end.transport.setPeers(
      ends.map(({ id, transport }) => ({ id, address: transport.address() })),
      [],
    );
  }
}

/** Timers run in real time; what the clock shows changes only by `pass`. */
export function manualClock(): Clock & { pass(ms: number): void } {
  let now = 0;
  return {
    now: () => now,
    schedule(at, run) {
      const timer = setTimeout(run, at - now);
      return () => {
        clearTimeout(timer);
      };
    },
    defer: (run) => void setImmediate(run),
    pass(ms) {
      now += ms;
    },
  };
}

/** Time passes only while this process stands still: every timer that is due then rings late. */
export function stoppedClock(): Clock & { standStill(ms: number): void; timers(): number } {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    schedule(at, run) {
      const timer = { at, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    defer: (run) => void setImmediate(run),
    standStill(ms) {
      now += ms;
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        if (timers.delete(timer)) timer.run();
      }
    },
    timers: () => timers.size,
  };
}

/**
 * Real time and real sockets that know what is open of them: what else the process has open, such as
 * timers of the test runner, comes and goes.
 */
export function countedResources(): Required<Pick<TcpTransportOptions, "clock" | "sockets">> & {
  readonly timers: ReadonlySet<object>;
  /** Those that listen, too. */
  readonly openSockets: ReadonlySet<object>;
} {
  const timers = new Set<object>();
  const openSockets = new Set<object>();
  const opened = <One extends Socket | Server>(one: One): One => {
    openSockets.add(one);
    one.on("close", () => openSockets.delete(one));
    return one;
  };
  const clock: Clock = {
    now: () => performance.now(),
    schedule(at, run) {
      const end = (): void => {
        timers.delete(timer);
        clearTimeout(timer);
      };
      const timer = setTimeout(
        () => {
          end();
          run();
        },
        Math.max(0, at - performance.now()),
      );
      timers.add(timer);
      return end;
    },
    defer: (run) => void setImmediate(run),
  };
  const sockets: SocketFactory = {
    connect: (options) => opened(connect(options)),
    createServer: (options, onConnection) =>
      opened(createServer(options, (socket) => onConnection(opened(socket)))),
  };
  return { clock, sockets, timers, openSockets };
}

/** Ten seconds of turns: on a machine that stands still time passes without any. */
const TURNS_MAX = 5000;

/** Waits for a condition; the bound only ends a test that has failed. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > TURNS_MAX) throw new Error(`waited in vain until ${what}`);
    await new Promise((next) => setTimeout(next, 2));
  }
}

/** Sends until it is taken. What is unreachable is then what became so later. */
export async function deliver(
  from: End,
  to: string,
  ...parts: readonly Uint8Array[]
): Promise<void> {
  await until(`${from.id} can send to ${to}`, () => from.transport.send(to, parts));
  from.unreachable.length = 0;
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const port = (end: End): number => Number(end.transport.address().split(":").at(-1));
export const messages = (end: End): readonly (readonly [string, string])[] =>
  end.rejected.map(({ code, message }) => [code, message.replaceAll(/127\.0\.0\.1:\d+/g, "HOST")]);

const MAGIC = bytes(0x52, 0x4b, 0x54, 0xf1);

export function frame(kind: number, payload: Uint8Array): Buffer {
  const whole = Buffer.alloc(9 + payload.length);
  whole.writeUInt32LE(1 + payload.length, 0);
  whole[8] = kind;
  whole.set(payload, 9);
  whole.writeUInt32LE(crc32(whole.subarray(8)), 4);
  return whole;
}

export function hello(id: string, overrides: object = {}): Buffer {
  const value = {
    ...local(id),
    versions: { min: 2, max: 2 },
    maxFrameBytes: 8 * 1024 * 1024,
    idleTimeoutMs: 2000,
    to: null,
    ...overrides,
  };
  return Buffer.concat([MAGIC, frame(0, Buffer.from(JSON.stringify(value)))]);
}

export interface Raw {
  readonly socket: Socket;
  readonly received: () => Buffer;
  readonly closed: () => boolean;
}

function record(socket: Socket): Raw {
  const chunks: Buffer[] = [];
  let closed = false;
  socket
    .on("data", (chunk: Buffer) => chunks.push(chunk))
    .on("error", () => undefined)
    .on("close", () => {
      closed = true;
    });
  onTestFinished(() => {
    socket.destroy();
  });
  return { socket, received: () => Buffer.concat(chunks), closed: () => closed };
}

/** A raw connection to a node. */
export function dial(end: End): Raw {
  return record(connect(port(end), "127.0.0.1"));
}

/** A raw server; `accepted` holds its connections. */
export async function serve(
  greet: (raw: Raw) => void,
): Promise<{ readonly address: string; readonly accepted: Raw[] }> {
  const accepted: Raw[] = [];
  const server: Server = createServer((socket) => {
    const raw = record(socket);
    accepted.push(raw);
    greet(raw);
  });
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${bound}`, accepted };
}
