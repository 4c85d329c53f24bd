// The transport: one dialled connection per peer and seed to send on, inbound ones to receive and to
// answer on. It decides who may connect and which connection a frame takes. It must never call the
// handler from inside a method, nor after `close`.
import { RaftkitError, checkLocalNode, helloOf, isSameRun } from "@raftkit/core";
import type { LocalNode, NodeId, Peer, Sender, Transport, TransportHandler } from "@raftkit/core";
import { parseAddress } from "./address.js";
import type { Connection } from "./connection.js";
import type { Refusal } from "./errors.js";
import { Gate } from "./gate.js";
import { VERSIONS, judgeHello } from "./hello.js";
import type { TcpHello } from "./hello.js";
import { Link } from "./link.js";
import type { LinkOwner } from "./link.js";
import { Listener } from "./listener.js";
import type { ListenerOwner } from "./listener.js";
import { readOptions } from "./options.js";
import type { Settings, TcpTransportOptions } from "./options.js";
import { Reporter } from "./reporter.js";

/** A transport over TCP. */
export interface TcpTransport extends Transport {
  /**
   * Where it listens, with the port that it got where 0 was asked for; "" before `start` resolved.
   */
  address(): string;
}

/**
 * Makes a transport for one run of one node. Nothing happens before `start`, which rejects with
 * `INVALID_OPTION`, `INVALID_ADDRESS`, `ADDRESS_IN_USE` or `LISTEN_FAILED`. Addresses are
 * `host:port` or `[ipv6]:port`.
 * @throws {RaftkitError} `INVALID_OPTION` when an option is out of range
 */
export function createTcpTransport(options: TcpTransportOptions = {}): TcpTransport {
  return new Tcp(readOptions(options));
}

/** What a link is for: a peer, or a seed, whose id is unknown. */
interface Wanted {
  readonly address: string;
  readonly id?: NodeId;
}

class Tcp implements TcpTransport, LinkOwner, ListenerOwner {
  readonly settings: Settings;
  readonly dialled = new Set<Connection>();
  readonly #listener = new Listener(this);
  readonly #links = new Map<NodeId, Link>();
  /** By address. */
  readonly #seeds = new Map<string, Link>();
  readonly #gate: Gate;
  readonly #reporter: Reporter;
  /**
   * The connection that the last frame for a node took: it takes the next ones too while it lasts,
   * to keep their order.
   */
  readonly #routes = new Map<NodeId, Connection>();
  /** Told to be unreachable, and nothing has changed since. */
  readonly #hinted = new Set<NodeId>();
  #local: LocalNode | undefined;
  #handler: TransportHandler | undefined;
  #state: "new" | "starting" | "running" | "closed" = "new";
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
    this.#gate = new Gate(settings, (sender) => this.isMember(sender));
    this.#reporter = new Reporter((error) => this.#handler?.rejected(error));
  }

  get maxFrameBytes(): number {
    return this.settings.maxFrameBytes;
  }

  address(): string {
    return this.#listener.address;
  }

  async start(local: LocalNode, handler: TransportHandler): Promise<void> {
    if (this.#state !== "new") {
      throw new RaftkitError(
        "ALREADY_STARTED",
        "a transport starts once; create a new one for each run of a node",
      );
    }
    checkLocalNode(local);
    this.#state = "starting";
    this.#local = local;
    this.#handler = handler;
    await this.#listener.listen(this.settings.listen ?? local.address);
    if (this.#isClosed()) {
      await this.#listener.close();
      throw new RaftkitError("CLOSED", "the transport was closed while it started");
    }
    // Port 0 means any: the others must hear which one it became.
    if (parseAddress(local.address)?.port === 0) {
      this.#local = { ...local, address: this.address() };
    }
    this.#state = "running";
  }

  setPeers(peers: readonly Peer[], seeds: readonly string[]): void {
    if (this.#state !== "running") return;
    const others = peers.filter(({ id }) => id !== this.#local?.id);
    this.#relink(this.#links, new Map(others.map((peer) => [peer.id, peer])));
    this.#relink(this.#seeds, new Map(seeds.map((address) => [address, { address }])));
    this.#hinted.clear();
  }

  send(to: NodeId, parts: readonly Uint8Array[]): boolean {
    if (this.#state !== "running") return false;
    const connection = this.#route(to);
    if (connection === undefined) return this.#drop(to);
    let length = 0;
    for (const part of parts) length += part.length;
    const result = connection.send(parts, length);
    if (result === "tooLarge") {
      const message = `a frame of ${length} bytes for ${to} is larger than maxFrameBytes, ${this.maxFrameBytes}; send less at once, or raise the limit on every node`;
      this.#later(() => {
        this.turnedAway({ code: "FRAME_TOO_LARGE", message }, connection.remote, to);
      });
      return false;
    }
    return result === "sent" || this.#drop(to);
  }

  disconnect(from: Sender, reason?: string): void {
    if (this.#state !== "running") return;
    this.#gate.punish(from, reason);
    for (const connection of this.#connections()) {
      if (isSameRun(connection.peer, from)) connection.destroy();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    this.#handler = undefined;
    for (const links of [this.#links, this.#seeds]) {
      for (const link of links.values()) link.destroy();
    }
    for (const connection of this.dialled) connection.destroy();
    const ended = this.#connections().map((connection) => connection.ended);
    await this.#listener.close();
    await Promise.all(ended);
  }

  // ---- what links and listener ask and tell

  hello(to: NodeId | null): TcpHello {
    const { maxFrameBytes, idleTimeoutMs } = this.settings;
    const hello = helloOf(this.#self(), maxFrameBytes, to);
    return { ...hello, versions: VERSIONS, idleTimeoutMs };
  }

  judge(hello: TcpHello, to: NodeId | null): Refusal | undefined {
    return judgeHello(this.hello(to), hello) ?? this.#gate.judge(hello);
  }

  isSelf(sender: Sender): boolean {
    return isSameRun(this.#local, sender);
  }

  /** Whoever answers at a peer's address is that peer; its namesakes elsewhere are not. */
  isMember(sender: Sender): boolean {
    const link = this.#links.get(sender.id);
    return (
      link !== undefined &&
      (link.incarnation === undefined || link.incarnation === sender.incarnation)
    );
  }

  opened(connection: Connection, link?: Link): void {
    const { peer } = connection;
    if (peer === undefined) return;
    this.#gate.admit(peer);
    this.#reporter.forget(peer.id);
    this.#hinted.delete(peer.id);
    for (const other of this.#connections()) {
      if (
        other.peer?.id === peer.id &&
        other.peer.incarnation === peer.incarnation &&
        other.peer.run < peer.run
      ) {
        other.destroy();
      }
    }
    this.#links.get(peer.id)?.wake();
    if (link === undefined || link.id !== undefined) return;
    this.#reporter.forget(link.address);
    this.#handler?.met(peer);
  }

  message(connection: Connection, frame: Uint8Array): void {
    if (connection.peer !== undefined) this.#handler?.receive(connection.peer, frame);
  }

  drained(peer: NodeId): void {
    this.#hinted.delete(peer);
  }

  turnedAway(refusal: Refusal, remote: string, peer: NodeId | undefined): void {
    // Its cause was reported when it was disconnected, and it is told why.
    if (refusal.code === "BACKING_OFF" && refusal.message.startsWith("turned away")) return;
    // Inbound connections have a new port each time.
    const place = this.#seeds.has(remote) ? remote : remote.replace(/:\d+$/, "");
    this.#reporter.report(refusal, remote, peer, peer ?? place);
  }

  lost(peer: NodeId, carried: boolean): void {
    this.#hinted.delete(peer);
    if (carried || this.#route(peer) === undefined) this.#handler?.unreachable(peer);
  }

  // ---- helpers

  #route(to: NodeId): Connection | undefined {
    const link = this.#links.get(to);
    const last = this.#routes.get(to);
    // A namesake that was first has the frames no longer than until the peer itself is there.
    if (last?.peer !== undefined && last.isOpen && (!link || this.isMember(last.peer))) return last;
    const connection = link?.connection ?? this.#unlisted(to);
    if (connection === undefined) this.#routes.delete(to);
    else this.#routes.set(to, connection);
    return connection;
  }

  /** A connection to a node met at a seed, or an inbound one; the member's before a namesake's. */
  #unlisted(id: NodeId): Connection | undefined {
    const atSeed = [...this.#seeds.values()].flatMap(({ connection }) =>
      connection?.peer?.id === id ? [connection] : [],
    );
    const inbound = this.#listener.from(id);
    const all = inbound === undefined ? atSeed : [...atSeed, inbound];
    return all.find(({ peer }) => peer !== undefined && this.isMember(peer)) ?? all[0];
  }

  /** Ends the links that are no longer wanted, and dials the new ones. */
  #relink(links: Map<string, Link>, wanted: ReadonlyMap<string, Wanted>): void {
    for (const [key, link] of links) {
      if (wanted.get(key)?.address === link.address) continue;
      links.delete(key);
      link.finish();
    }
    for (const [key, { address, id }] of wanted) {
      if (links.has(key)) continue;
      if ((parseAddress(address)?.port ?? 0) === 0) {
        const message = `can't reach ${id ?? "a seed"} at "${address}"; write host:port or [ipv6]:port`;
        this.#later(() => {
          this.turnedAway({ code: "INVALID_ADDRESS", message }, address, id);
        });
      }
      links.set(key, new Link(address, id, this));
    }
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #self(): LocalNode {
    if (this.#local === undefined) {
      throw new RaftkitError("NOT_STARTED", "the transport has not been started");
    }
    return this.#local;
  }

  #connections(): readonly Connection[] {
    return [...this.dialled, ...this.#listener.connections];
  }

  /** Says so once until something about this peer changes, and not from inside `send`. */
  #drop(to: NodeId): false {
    if (this.#hinted.has(to)) return false;
    this.#hinted.add(to);
    this.#later(() => this.#handler?.unreachable(to));
    return false;
  }

  #later(run: () => void): void {
    this.settings.clock.defer(() => {
      if (this.#state === "running") run();
    });
  }
}
