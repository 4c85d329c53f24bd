// The inbound side: listens, keeps the number of connections within bounds, and knows on which of
// them a node spoke last.
import type { Server, Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { NodeId } from "@raftkit/core";
import { formatAddress, parseAddress } from "./address.js";
import { Connection } from "./connection.js";
import type { Refusal } from "./errors.js";
import type { Hello } from "./hello.js";
import { SOCKET_OPTIONS } from "./options.js";
import type { Settings } from "./options.js";

export interface ListenerOwner {
  readonly settings: Settings;
  /** What this node says of itself to whoever dialled it. */
  answer(): Hello;
  /** Whether this node talks to who came in. */
  judgeInbound(hello: Hello): Refusal | undefined;
  opened(connection: Connection): void;
  message(connection: Connection, frame: Uint8Array): void;
  drained(peer: NodeId): void;
  turnedAway(refusal: Refusal, remote: string, peer: NodeId | undefined): void;
  /** A connection is gone. */
  lost(peer: NodeId, carried: boolean): void;
}

export class Listener {
  readonly #owner: ListenerOwner;
  /** Oldest first. */
  readonly #connections = new Set<Connection>();
  /** The newest open one of each node. */
  readonly #latest = new Map<NodeId, Connection>();
  #server: Server | undefined;
  #address = "";

  constructor(owner: ListenerOwner) {
    this.#owner = owner;
  }

  /** Where it listens, with the port that it got. */
  get address(): string {
    return this.#address;
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  /** The connection on which this node spoke last, if frames can flow on it now. */
  from(id: NodeId): Connection | undefined {
    const connection = this.#latest.get(id);
    return connection?.isOpen === true ? connection : undefined;
  }

  /** @throws {RaftkitError} `INVALID_ADDRESS`, `ADDRESS_IN_USE`, `LISTEN_FAILED` */
  listen(address: string): Promise<void> {
    const place = parseAddress(address);
    if (place === undefined) {
      return Promise.reject(
        new RaftkitError(
          "INVALID_ADDRESS",
          `can't listen on "${address}"; write host:port or [ipv6]:port`,
        ),
      );
    }
    const server = this.#owner.settings.sockets.createServer(SOCKET_OPTIONS, (socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        reject(
          error.code === "EADDRINUSE"
            ? new RaftkitError(
                "ADDRESS_IN_USE",
                `can't listen on ${address}: another process does; stop that one, or give this node another address`,
                { cause: error },
              )
            : new RaftkitError(
                "LISTEN_FAILED",
                `can't listen on ${address}: ${error.message}; check that this machine has the address and that the port is allowed`,
                { cause: error },
              ),
        );
      });
      server.listen(place, () => {
        // Running out of file descriptors, say: the server goes on, and those who dial try again.
        server.on("error", () => undefined);
        const bound = server.address();
        this.#address = formatAddress(
          place.host,
          bound === null || typeof bound === "string" ? place.port : bound.port,
        );
        resolve();
      });
    });
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    const server = this.#server;
    const closed =
      server?.listening === true
        ? new Promise((resolve) => {
            server.close(resolve);
          })
        : undefined;
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const { settings } = this.#owner;
    const crowded = this.#connections.size >= settings.maxInboundConnections && !this.#evict();
    const connection: Connection = new Connection(socket, undefined, settings, this.#connections, {
      hello: (hello) => {
        this.#greet(connection, hello);
      },
      message: (frame) => {
        this.#owner.message(connection, frame);
      },
      refused: (refusal) => {
        const peer = connection.peer?.id;
        this.#owner.turnedAway(
          {
            code: refusal.code,
            message: `${peer ?? "somebody"} (${connection.remote}) turned this node away: ${refusal.message}`,
          },
          connection.remote,
          peer,
        );
      },
      fault: (code, what) => {
        const peer = connection.peer?.id;
        this.#owner.turnedAway(
          {
            code,
            message: `cut a connection from ${peer ?? "a stranger"}: ${connection.remote} ${what}`,
          },
          connection.remote,
          peer,
        );
      },
      drained: () => {
        if (connection.peer !== undefined) this.#owner.drained(connection.peer.id);
      },
      closed: () => {
        this.#forget(connection);
      },
    });
    if (!crowded) return;
    const refusal = {
      code: "TOO_MANY_CONNECTIONS",
      message: `there are ${settings.maxInboundConnections} inbound connections already; look for who holds them, or raise maxInboundConnections`,
    } as const;
    connection.refuse(refusal);
    connection.destroy();
    this.#owner.turnedAway(
      { code: refusal.code, message: `turned away ${connection.remote}: ${refusal.message}` },
      connection.remote,
      undefined,
    );
  }

  /** Makes room by cutting the oldest that hasn't introduced itself. */
  #evict(): boolean {
    for (const connection of this.#connections) {
      if (connection.isOpen) continue;
      connection.destroy();
      this.#connections.delete(connection);
      return true;
    }
    return false;
  }

  #greet(connection: Connection, hello: Hello): void {
    const refusal = this.#owner.judgeInbound(hello);
    if (refusal !== undefined) {
      connection.refuse(refusal);
      this.#owner.turnedAway(
        {
          code: refusal.code,
          message: `turned away ${hello.id} (${connection.remote}): ${refusal.message}`,
        },
        connection.remote,
        hello.id,
      );
      return;
    }
    // A node dials once: what it had before is a leftover that has not been noticed yet.
    for (const other of this.#connections) {
      if (
        other !== connection &&
        other.peer?.id === hello.id &&
        other.peer.incarnation === hello.incarnation
      ) {
        other.destroy();
      }
    }
    connection.introduce(this.#owner.answer());
    connection.open(hello);
    this.#latest.set(hello.id, connection);
    this.#owner.opened(connection);
  }

  #forget(connection: Connection): void {
    const peer = connection.peer;
    if (peer === undefined) return;
    if (this.#latest.get(peer.id) === connection) this.#latest.delete(peer.id);
    if (connection.carried) this.#owner.lost(peer.id, true);
  }
}
