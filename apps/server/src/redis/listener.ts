// The listener of the Redis port: accepts connections, cuts those whose clients don't read, drains.
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Logger, NodeStatus } from "raftkit";
import type { HostPort } from "../cli/addresses.js";
import type { KvCalls } from "../kv-calls.js";
import { Batches } from "./batches.js";
import type { CountedCommand, ServerContext } from "./commands/command.js";
import { commandTable } from "./commands/table.js";
import { RedisConnection } from "./connection.js";
import type { ConnectionContext } from "./connection.js";
import { Cursors } from "./cursors.js";
import { HeldInput } from "./held-input.js";
import { defaultRedisLimits } from "./limits.js";
import type { RedisLimits } from "./limits.js";
import { error } from "./replies.js";
import { SlowReaders } from "./slow-readers.js";

/** Why a connection was closed, or not let in: a label in metrics. */
export type RedisCutReason = "refused" | "input" | "unsent" | "stalled";

export interface RedisListenerOptions {
  readonly calls: Pick<KvCalls, "proposeBatch" | "read">;
  readonly maxValueBytes: number;
  /** Undefined while the node is opened. */
  readonly status: () => NodeStatus | undefined;
  readonly logger: Logger;
  /** A connection was closed, or not let in, because of a bound. */
  readonly onCut: (reason: RedisCutReason) => void;
  readonly limits?: RedisLimits;
}

export interface RedisUsage {
  readonly connections: number;
  /** How often each command was called. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface RedisListener {
  /**
   * @returns the port as bound
   * @throws the error of the system
   */
  listen(address: HostPort): Promise<number>;
  usage(): RedisUsage;
  /** Accepts nothing more, finishes what was begun, cuts what is left after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export function createRedisListener(options: RedisListenerOptions): RedisListener {
  const { calls, maxValueBytes, status, logger, onCut, limits = defaultRedisLimits } = options;
  const open = new Map<Socket, RedisConnection>();
  const commands = countedCommands();
  const slow = new SlowReaders<RedisConnection>(limits, (connection, reason) => {
    onCut(reason);
    connection.cut();
  });
  const input = new HeldInput<RedisConnection>(limits, (connection) => {
    onCut("input");
    connection.cutInput();
  });
  let port = 0;
  let lastId = 0;
  const server: ServerContext = {
    calls,
    batches: new Batches(calls),
    cursors: new Cursors(limits.maxCursors),
    limits,
    maxValueBytes,
    status,
    port: () => port,
    connections: () => open.size,
    startedMs: performance.now(),
    commands,
  };
  const context: ConnectionContext = {
    server,
    logger,
    backedUp: (connection) => slow.add(connection),
    drained: (connection) => slow.remove(connection),
    held: (connection) => input.update(connection),
    get isCrowded() {
      return input.isCrowded;
    },
  };
  // A client may end its side and still wait for replies.
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (open.size >= limits.maxConnections) {
      onCut("refused");
      socket.on("error", () => undefined);
      socket.end(error("ERR max number of clients reached"), () => socket.destroy());
      return;
    }
    const connection = new RedisConnection(socket, ++lastId, context);
    open.set(socket, connection);
    socket.once("close", () => {
      open.delete(socket);
      slow.remove(connection);
      input.remove(connection);
    });
  });
  return {
    async listen({ host, port: asked }) {
      await new Promise<void>((resolve, reject) => {
        listener.once("error", reject);
        listener.listen({ host, port: asked, exclusive: true }, resolve);
      });
      port = (listener.address() as AddressInfo).port;
      return port;
    },
    usage: () => ({
      connections: open.size,
      calls: new Map(
        [...commandTable.keys()].map((name) => [name, commands.get(name)?.calls ?? 0]),
      ),
    }),
    async drain(graceMs) {
      const closed = new Promise<void>((resolve) => void listener.close(() => resolve()));
      for (const connection of open.values()) connection.drain();
      const cut = setTimeout(() => {
        for (const connection of open.values()) connection.cut();
      }, graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** Clients write names in lower or in upper case; only others have to be converted. */
function countedCommands(): ReadonlyMap<string, CountedCommand> {
  const counted = new Map<string, CountedCommand>();
  for (const [name, command] of commandTable) {
    const one: CountedCommand = { command, calls: 0 };
    counted.set(name, one).set(name.toUpperCase(), one);
  }
  return counted;
}
