// The options and their defaults: the only place where this package takes time, randomness and
// sockets from its environment.
import { createServer, connect } from "node:net";
import type {
  Server,
  ServerOpts,
  Socket,
  SocketConstructorOpts,
  TcpNetConnectOpts,
} from "node:net";
import { checkOptionShape, InvalidOption } from "@raftkit/core";
import type { Clock, OptionKind, Random } from "@raftkit/core";

/**
 * Where connections come from. Wrap node:tls here to encrypt them: `onConnection` once the
 * connection is secured.
 */
export interface SocketFactory {
  connect(options: TcpNetConnectOpts & SocketConstructorOpts): Socket;
  createServer(options: ServerOpts, onConnection: (socket: Socket) => void): Server;
}

export interface TcpTransportOptions {
  /** Where to listen when that differs from the node's address, as in `0.0.0.0:7101`. */
  readonly listen?: string;
  /**
   * The largest frame, in bytes. Nodes with different ones turn each other away. Default 8 MiB.
   */
  readonly maxFrameBytes?: number;
  /**
   * What may wait for one connection, in bytes, each frame counted with 64 more; at least a largest
   * frame. Default 32 MiB.
   */
  readonly maxQueueBytes?: number;
  /**
   * How many inbound connections are kept beside one from each peer: so many of other nodes, where
   * the one that was silent for longest goes first, and as many that haven't introduced themselves,
   * where the oldest does. Default 16.
   */
  readonly maxStrangers?: number;
  /**
   * A connection on which nothing came in for so long is cut; four times as often each side shows
   * life. Default 2000 ms.
   */
  readonly idleTimeoutMs?: number;
  /**
   * How long connecting and introducing may take together, without time in which this process
   * stands still. Default 2000 ms.
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * The pause before a peer is dialled again doubles from `min` to `max`, halved at random. Default
   * 20 to 1000 ms.
   */
  readonly reconnectMs?: { readonly min: number; readonly max: number };
  readonly random?: Random;
  readonly clock?: Clock;
  readonly sockets?: SocketFactory;
}

export interface Settings extends Required<Omit<TcpTransportOptions, "listen">> {
  readonly listen: string | undefined;
}

/** Small frames leave at once; a writer is asked to wait before much lies in the socket. */
export const SOCKET_OPTIONS: ServerOpts & { readonly writableHighWaterMark: number } = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 10_000,
  highWaterMark: 1024 * 1024,
  writableHighWaterMark: 256 * 1024,
};

const systemClock: Clock = {
  now: () => performance.now(),
  schedule(at, run) {
    const timer = setTimeout(run, Math.max(0, at - performance.now()));
    return () => {
      clearTimeout(timer);
    };
  },
  defer: (run) => {
    setImmediate(run);
  },
};

const OPTIONS = {
  listen: "string",
  maxFrameBytes: "number",
  maxQueueBytes: "number",
  maxStrangers: "number",
  idleTimeoutMs: "number",
  handshakeTimeoutMs: "number",
  reconnectMs: "object",
  random: "function",
  clock: "object",
  sockets: "object",
} as const satisfies Record<keyof TcpTransportOptions, OptionKind>;

/** @throws {InvalidOption} */
export function readOptions(options: TcpTransportOptions): Settings {
  checkOptionShape("createTcpTransport", options, OPTIONS);
  const settings: Settings = {
    listen: options.listen,
    maxFrameBytes: options.maxFrameBytes ?? 8 * 1024 * 1024,
    maxQueueBytes: options.maxQueueBytes ?? 32 * 1024 * 1024,
    maxStrangers: options.maxStrangers ?? 16,
    idleTimeoutMs: options.idleTimeoutMs ?? 2000,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 2000,
    reconnectMs: options.reconnectMs ?? { min: 20, max: 1000 },
    random: options.random ?? Math.random,
    clock: options.clock ?? systemClock,
    sockets: options.sockets ?? { connect, createServer },
  };
  check("maxFrameBytes", settings.maxFrameBytes, 1, 1024 * 1024 * 1024);
  check(
    "maxQueueBytes",
    settings.maxQueueBytes,
    settings.maxFrameBytes + 64,
    Number.MAX_SAFE_INTEGER,
  );
  check("maxStrangers", settings.maxStrangers, 1, 65_536);
  check("idleTimeoutMs", settings.idleTimeoutMs, 20, 3_600_000);
  check("handshakeTimeoutMs", settings.handshakeTimeoutMs, 20, 3_600_000);
  check("reconnectMs.min", settings.reconnectMs.min, 1, 3_600_000);
  check("reconnectMs.max", settings.reconnectMs.max, settings.reconnectMs.min, 3_600_000);
  return settings;
}

function check(name: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new InvalidOption(`${name} is ${value}; give a whole number from ${min} to ${max}`);
  }
}
