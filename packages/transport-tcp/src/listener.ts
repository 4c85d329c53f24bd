// The inbound side: listens, limits the number of connections, and knows which of them a node used
// last. Strangers must never shut a member out: each member has a slot of its own, and all others
// share a few.
import type { Server, Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { NodeId, Sender } from "@raftkit/core";
import { formatAddress, parseAddress } from "./address.js";
import { Connection } from "./connection.js";
import type { Refusal } from "./errors.js";
import type { TcpHello } from "./hello.js";
import { SOCKET_OPTIONS } from "./options.js";
import type { Settings } from "./options.js";

export interface ListenerOwner {
  readonly settings: Settings;
  /** What this node says of itself; null: to whoever dialled it. */
  hello(to: null): TcpHello;
  /** Whether it is this run of this node. */
  isSelf(sender: Sender): boolean;
  /** Whether it is the peer of that name, as far as is known. */
  isMember(sender: Sender): boolean;
  /** Whether this node talks to who came in. */
  judge(hello: TcpHello, to: null): Refusal | undefined;
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
  /** Those of them that have introduced themselves, in that order. */
  readonly #introduced = new Set<Connection>();
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

  /**
   * The connection on which this node introduced itself last, if frames can flow on it now; one of
   * the member's before those of its namesakes.
   */
  from(id: NodeId): Connection | undefined {
    let found: Connection | undefined;
    for (const connection of this.#introduced) {
      if (connection.peer?.id !== id || !connection.isOpen) continue;
      if (this.#isMember(connection) || !this.#isMember(found)) found = connection;
    }
    return found;
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
    const connection: Connection = new Connection(
      socket,
      undefined,
      this.#owner.settings,
      this.#connections,
      {
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
      },
    );
    this.#limitSilent();
  }

  /** Cuts the oldest that hasn't introduced itself, or was refused, when there are too many. */
  #limitSilent(): void {
    let surplus =
      this.#connections.size - this.#introduced.size - this.#owner.settings.maxStrangers;
    for (const connection of this.#connections) {
      if (surplus <= 0) return;
      if (this.#introduced.has(connection)) continue;
      connection.destroy();
      surplus -= 1;
    }
  }

  /** Turns away the stranger that was silent for longest when there are too many. */
  #limitStrangers(): void {
    const { maxStrangers } = this.#owner.settings;
    const places = new Set<NodeId>();
    let strangers = 0;
    let quietest: Connection | undefined;
    for (const connection of this.#introduced) {
      const { peer } = connection;
      if (peer === undefined || !connection.isOpen) continue;
      // A member's slot is for a connection that it dialled by id, not for one that a seed led to.
      if (this.#isMember(connection) && connection.sought !== null && !places.has(peer.id)) {
        places.add(peer.id);
        continue;
      }
      strangers += 1;
      if (quietest === undefined || connection.heardAt < quietest.heardAt) quietest = connection;
    }
    if (quietest === undefined || strangers <= maxStrangers) return;
    const refusal = {
      code: "TOO_MANY_CONNECTIONS",
      message: `there are more than ${maxStrangers} connections from nodes that are no peers of this one, and this one was silent for longest; look for who holds them, or raise maxStrangers`,
    } as const;
    this.#introduced.delete(quietest);
    quietest.refuse(refusal);
    this.#limitSilent();
    this.#owner.turnedAway(
      { code: refusal.code, message: `turned away ${quietest.remote}: ${refusal.message}` },
      quietest.remote,
      undefined,
    );
  }

  #isMember(connection: Connection | undefined): boolean {
    return connection?.peer !== undefined && this.#owner.isMember(connection.peer);
  }

  #greet(connection: Connection, hello: TcpHello): void {
    if (hello.to === null && this.#owner.isSelf(hello)) {
      // One of this node's seeds leads here: its own side sees that from the answer.
      connection.introduce(this.#owner.hello(null));
      connection.finish();
      return;
    }
    const refusal = this.#owner.judge(hello, null);
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
    if (hello.to !== null) this.#endLeftovers(hello);
    connection.introduce(this.#owner.hello(null));
    connection.open(hello);
    this.#introduced.add(connection);
    this.#owner.opened(connection);
    this.#limitStrangers();
  }

  /**
   * A node dials a peer once: its earlier connection is a leftover that hasn't been noticed yet. It
   * may also have several seeds that lead here, and this node as a peer: none of those connections
   * replaces another.
   */
  #endLeftovers(hello: TcpHello): void {
    for (const other of this.#introduced) {
      const { peer } = other;
      if (other.sought === null || peer === undefined) continue;
      if (peer.id === hello.id && peer.incarnation === hello.incarnation) other.destroy();
    }
  }

  #forget(connection: Connection): void {
    this.#introduced.delete(connection);
    if (connection.peer !== undefined && connection.carried) {
      this.#owner.lost(connection.peer.id, true);
    }
  }
}
