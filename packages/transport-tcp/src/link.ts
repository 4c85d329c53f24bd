// Keeps one dialled connection to one peer: dials, checks who answers, dials again after a pause
// when it was lost.
import type { NodeId, Peer } from "@raftkit/core";
import { parseAddress } from "./address.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import type { Refusal } from "./errors.js";
import type { Hello } from "./hello.js";
import { SOCKET_OPTIONS } from "./options.js";
import type { Settings } from "./options.js";

export interface LinkOwner {
  readonly settings: Settings;
  readonly dialled: Set<Connection>;
  hello(link: Link): Hello;
  /** Whether this node talks to whom the link reached. */
  judge(link: Link, hello: Hello): Refusal | undefined;
  opened(connection: Connection): void;
  message(connection: Connection, frame: Uint8Array): void;
  drained(peer: NodeId): void;
  /** This node turns the other away, or the other way round. */
  turnedAway(refusal: Refusal, remote: string, peer: string): void;
  /** A connection was lost, or could not be made. */
  lost(peer: NodeId, carried: boolean): void;
}

export class Link {
  readonly peer: Peer;
  readonly #owner: LinkOwner;
  readonly #backoff: Backoff;
  #connection: Connection | undefined;
  #cancelRedial: (() => void) | undefined;
  #closed = false;
  #incarnation: string | undefined;

  constructor(peer: Peer, owner: LinkOwner) {
    this.peer = peer;
    this.#owner = owner;
    this.#backoff = new Backoff(owner.settings.reconnectMs, owner.settings.random);
    this.#dial();
  }

  /** The connection, if frames can flow on it now. */
  get connection(): Connection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined;
  }

  /** Of the node that was found at the peer's address last; undefined while none was. */
  get incarnation(): string | undefined {
    return this.#incarnation;
  }

  /** The peer showed itself: a pause ends now. */
  wake(): void {
    if (this.#cancelRedial === undefined) return;
    this.#cancelRedial();
    this.#dial();
  }

  /** Lets what waits leave, then closes. */
  finish(): void {
    this.#stop();
    this.#connection?.finish();
  }

  destroy(): void {
    this.#stop();
    this.#connection?.destroy();
  }

  #stop(): void {
    this.#closed = true;
    this.#cancelRedial?.();
    this.#cancelRedial = undefined;
  }

  #dial(): void {
    this.#cancelRedial = undefined;
    const { id, address } = this.peer;
    const { settings } = this.#owner;
    const place = parseAddress(address);
    if (place === undefined || place.port === 0) return; // reported where the peer was named
    const socket = settings.sockets.connect({ ...place, ...SOCKET_OPTIONS });
    let openedAt: number | undefined;
    const connection = new Connection(socket, address, settings, this.#owner.dialled, {
      hello: (hello) => {
        const refusal = this.#owner.judge(this, hello);
        if (refusal !== undefined) {
          this.#backoff.exhaust();
          connection.refuse(refusal);
          this.#owner.turnedAway(
            {
              code: refusal.code,
              message: `turned away ${hello.id} (${address}): ${refusal.message}`,
            },
            address,
            hello.id,
          );
          return;
        }
        openedAt = settings.clock.now();
        this.#incarnation = hello.incarnation;
        connection.open(hello);
        this.#owner.opened(connection);
      },
      message: (frame) => {
        this.#owner.message(connection, frame);
      },
      refused: (refusal) => {
        this.#backoff.exhaust();
        this.#owner.turnedAway(
          {
            code: refusal.code,
            message: `${id} (${address}) turned this node away: ${refusal.message}`,
          },
          address,
          id,
        );
      },
      fault: (code, what) => {
        this.#backoff.exhaust();
        this.#owner.turnedAway(
          { code, message: `cut the connection to ${id}: ${address} ${what}` },
          address,
          id,
        );
      },
      drained: () => {
        this.#owner.drained(id);
      },
      closed: (error) => {
        this.#connection = undefined;
        if (this.#closed) return;
        // Only a connection that lasted ends the series of pauses: one that always breaks must not
        // be dialled in a storm.
        if (openedAt !== undefined && settings.clock.now() - openedAt >= settings.reconnectMs.max) {
          this.#backoff.reset();
        }
        if (error?.code === "ENOTFOUND") {
          this.#owner.turnedAway(
            {
              code: "INVALID_ADDRESS",
              message: `can't reach ${id}: no host is called "${place.host}"; check its address`,
            },
            address,
            id,
          );
        }
        this.#cancelRedial = settings.clock.schedule(
          settings.clock.now() + this.#backoff.next(),
          () => {
            this.#dial();
          },
        );
        this.#owner.lost(id, connection.carried);
      },
    });
    this.#connection = connection;
    connection.introduce(this.#owner.hello(this));
  }
}
