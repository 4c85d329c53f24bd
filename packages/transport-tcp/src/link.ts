// Keeps one dialled connection to one peer, or to the node at a seed: dials, checks who answers, and
// dials again after a pause if it was lost.
import type { NodeId, Sender } from "@raftkit/core";
import { parseAddress } from "./address.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import type { Refusal, RejectionCode } from "./errors.js";
import type { TcpHello } from "./hello.js";
import { SOCKET_OPTIONS } from "./options.js";
import type { Settings } from "./options.js";

export interface LinkOwner {
  readonly settings: Settings;
  readonly dialled: Set<Connection>;
  /** What this node says of itself; `to` is whom it looks for. */
  hello(to: NodeId | null): TcpHello;
  /** Whether it is this run of this node. */
  isSelf(sender: Sender): boolean;
  /** Whether this node, which looked for `to`, talks to that one. */
  judge(hello: TcpHello, to: NodeId | null): Refusal | undefined;
  opened(connection: Connection, link: Link): void;
  message(connection: Connection, frame: Uint8Array): void;
  drained(peer: NodeId): void;
  /** This node turns the other away, or the other way round. */
  turnedAway(refusal: Refusal, remote: string, peer: NodeId | undefined): void;
  /** A connection was lost, or could not be made. */
  lost(peer: NodeId, carried: boolean): void;
}

export class Link {
  readonly address: string;
  /** The expected node; undefined at a seed, where any node that answers is met. */
  readonly id: NodeId | undefined;
  readonly #owner: LinkOwner;
  readonly #backoff: Backoff;
  #connection: Connection | undefined;
  #cancelRedial: (() => void) | undefined;
  #closed = false;
  #incarnation: string | undefined;
  /** Of the connection; undefined until frames flow on it. */
  #openedAt: number | undefined;

  constructor(address: string, id: NodeId | undefined, owner: LinkOwner) {
    this.address = address;
    this.id = id;
    this.#owner = owner;
    this.#backoff = new Backoff(owner.settings.reconnectMs, owner.settings.random);
    this.#dial();
  }

  /** The connection, if frames can flow on it now. */
  get connection(): Connection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined;
  }

  /** Of the last node found at the address; undefined until there is one. */
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
    const place = parseAddress(this.address);
    if (place === undefined || place.port === 0) return; // reported when it was listed
    const { settings, dialled } = this.#owner;
    const socket = settings.sockets.connect({ ...place, ...SOCKET_OPTIONS });
    const connection = new Connection(socket, this.address, settings, dialled, {
      hello: (hello) => {
        this.#greet(connection, hello);
      },
      message: (frame) => {
        this.#owner.message(connection, frame);
      },
      refused: ({ code, message }) => {
        this.#turnedAway(code, `${this.#name} (${this.address}) turned this node away: ${message}`);
      },
      fault: (code, what) => {
        this.#turnedAway(code, `cut the connection to ${this.#name}: ${this.address} ${what}`);
      },
      drained: () => {
        if (connection.peer !== undefined) this.#owner.drained(connection.peer.id);
      },
      closed: (error) => {
        this.#lost(connection, error);
      },
    });
    this.#connection = connection;
    this.#openedAt = undefined;
    connection.introduce(this.#owner.hello(this.id ?? null));
  }

  get #name(): string {
    return this.id ?? "a seed";
  }

  #greet(connection: Connection, hello: TcpHello): void {
    if (this.id === undefined && this.#owner.isSelf(hello)) {
      // Checked again after a long pause: the name may lead elsewhere one day.
      this.#backoff.exhaust();
      connection.destroy();
      return;
    }
    const refusal = this.#owner.judge(hello, this.id ?? null);
    if (refusal !== undefined) {
      connection.refuse(refusal);
      const { code, message } = refusal;
      this.#turnedAway(code, `turned away ${hello.id} (${this.address}): ${message}`, hello.id);
      return;
    }
    this.#openedAt = this.#owner.settings.clock.now();
    this.#incarnation = hello.incarnation;
    connection.open(hello);
    this.#owner.opened(connection, this);
  }

  #turnedAway(code: RejectionCode, message: string, peer: NodeId | undefined = this.id): void {
    this.#backoff.exhaust();
    this.#owner.turnedAway({ code, message }, this.address, peer);
  }

  #lost({ peer, carried }: Connection, error: NodeJS.ErrnoException | undefined): void {
    const { clock, reconnectMs } = this.#owner.settings;
    this.#connection = undefined;
    if (this.#closed) return;
    // Only a connection that lasted resets the pauses: one that always breaks must not be dialled
    // without a pause.
    if (this.#openedAt !== undefined && clock.now() - this.#openedAt >= reconnectMs.max) {
      this.#backoff.reset();
    }
    if (error?.code === "ENOTFOUND") {
      const host = parseAddress(this.address)?.host ?? this.address;
      const message = `can't reach ${this.#name}: no host is called "${host}"; check its address`;
      this.#owner.turnedAway({ code: "INVALID_ADDRESS", message }, this.address, this.id);
    }
    this.#cancelRedial = clock.schedule(clock.now() + this.#backoff.next(), () => {
      this.#dial();
    });
    const id = this.id ?? peer?.id;
    if (id !== undefined) this.#owner.lost(id, carried);
  }
}
