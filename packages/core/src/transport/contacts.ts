// Whom a transport knows, where they are, and what its node is told of them: what every transport
// does that sends to addresses and keeps no connections. It sends nothing itself, and never calls
// the handler from inside a method that the node calls.
import { RaftkitError } from "../errors.js";
import { isSameOrEarlierRun, isSameRun } from "../members.js";
import type { LocalNode, TransportHandler } from "../ports/transport.js";
import type { NodeId, Peer, Sender } from "../types.js";
import { helloOf, mismatch } from "./hello.js";
import type { Hello } from "./hello.js";

/** So many nodes that no list names can be answered: those that spoke last. */
const CALLERS_MAX = 64;
/** So many reports are remembered, as strangers choose how many there are. */
const REPORTED_MAX = 256;

interface Seed {
  /** Who answered there last. */
  node: Hello | undefined;
  /** Somebody answered the last time. */
  isThere: boolean;
}

/** Whom a transport knows. Connections, where it has any, are its own to open and to close. */
export class Contacts {
  readonly #self: Hello;
  readonly #now: () => number;
  readonly #defer: (tell: () => void) => void;
  #handler: TransportHandler | undefined;
  #peers: ReadonlyMap<NodeId, string> = new Map();
  #seeds: ReadonlyMap<string, Seed> = new Map();
  /** Whoever spoke, the latest at the end. */
  readonly #callers = new Map<NodeId, Hello>();
  /** Until when. */
  readonly #cutOff = new Map<Sender, number>();
  readonly #reported = new Set<string>();

  /**
   * @param now milliseconds
   * @param defer runs it soon, never at once
   */
  constructor(
    local: LocalNode,
    maxFrameBytes: number,
    handler: TransportHandler,
    now: () => number,
    defer: (tell: () => void) => void = (tell) => void Promise.resolve().then(tell),
  ) {
    this.#self = helloOf(local, maxFrameBytes, null);
    this.#handler = handler;
    this.#now = now;
    this.#defer = defer;
  }

  /** What this node says of itself to `to`; null: to whoever is there. */
  hello(to: NodeId | null): Hello {
    return to === null ? this.#self : { ...this.#self, to };
  }

  /**
   * Whether this node talks to who said this: it belongs here, isn't this node itself, and isn't cut
   * off. The handler is told of who doesn't belong here, once until the lists change.
   * @param to who it should be; null for anybody
   */
  admit(theirs: Hello | undefined, to: NodeId | null): theirs is Hello {
    if (theirs === undefined || isSameRun(theirs, this.#self)) return false;
    const wrong = mismatch(this.hello(to), theirs);
    if (wrong !== undefined) {
      const message = `turned away ${theirs.id} (${theirs.address}): ${wrong.message}`;
      this.reject(theirs.id, new RaftkitError(wrong.code, message));
      return false;
    }
    for (const [sender, until] of this.#cutOff) {
      if (isSameRun(sender, theirs)) return until <= this.#now();
    }
    return true;
  }

  /** Replaces the lists, as `setPeers` does. */
  list(peers: readonly Peer[], seeds: readonly string[]): void {
    if (this.#handler === undefined) return;
    this.#peers = new Map(peers.map(({ id, address }) => [id, address]));
    const unknown = (): Seed => ({ node: undefined, isThere: false });
    this.#seeds = new Map(seeds.map((seed) => [seed, this.#seeds.get(seed) ?? unknown()]));
    this.#reported.clear();
  }

  /** The listed ones, each once. */
  get seeds(): readonly string[] {
    return [...this.#seeds.keys()];
  }

  /**
   * Who was found at a seed, as `admit` let it pass; undefined for nobody, also when the connection
   * to it ends. It is met if that is news,
   * and from now on reached there.
   */
  answered(address: string, node: Hello | undefined): void {
    const seed = this.#seeds.get(address);
    if (seed === undefined) return; // it left the list meanwhile
    const isNews = node !== undefined && !(seed.isThere && isSameRun(seed.node, node));
    seed.isThere = node !== undefined;
    seed.node = node ?? seed.node;
    if (isNews) this.#later((handler) => handler.met(senderOf(node)));
  }

  /** A node spoke: it can be answered where it says it is. @param frame what it sent, if it did */
  heard(from: Hello, frame?: Uint8Array): void {
    if (this.#handler === undefined) return;
    this.#callers.delete(from.id);
    this.#callers.set(from.id, from);
    if (this.#callers.size > CALLERS_MAX) {
      for (const oldest of this.#callers.keys()) {
        this.#callers.delete(oldest);
        break;
      }
    }
    if (frame !== undefined) this.#handler.receive(senderOf(from), frame);
  }

  /**
   * A listed peer is where the list says, whatever it says itself: there may be a proxy. So is who
   * answered at a seed, unless nobody is there any more and another run of it has spoken that isn't
   * an earlier one.
   */
  addressOf(id: NodeId): string | undefined {
    const listed = this.#peers.get(id);
    if (listed !== undefined) return listed;
    const caller = this.#callers.get(id);
    for (const [seed, { node, isThere }] of this.#seeds) {
      if (node?.id !== id) continue;
      if (isThere || caller === undefined || isSameOrEarlierRun(caller, node)) return seed;
    }
    return caller?.address;
  }

  /** Frames for this node were lost: to be said each time. @returns false, for `send` */
  lost(to: NodeId): false {
    this.#later((handler) => handler.unreachable(to));
    return false;
  }

  /** Reports something about a node, the same thing once until the lists change. */
  reject(about: NodeId, error: RaftkitError): void {
    const what = `${error.code} ${about}`;
    if (this.#reported.has(what)) return;
    if (this.#reported.size === REPORTED_MAX) this.#reported.clear();
    this.#reported.add(what);
    this.#later((handler) => handler.rejected(error));
  }

  /**
   * Doesn't admit this run of it for so long, nor knows where it spoke from. Connections that it was
   * admitted on before are the transport's to close.
   */
  cutOff(from: Sender, forMs: number): void {
    const now = this.#now();
    for (const [sender, until] of this.#cutOff) {
      if (until <= now || isSameRun(sender, from)) this.#cutOff.delete(sender);
    }
    this.#cutOff.set(from, now + forMs);
    if (isSameRun(this.#callers.get(from.id), from)) this.#callers.delete(from.id);
  }

  /** Nobody is known any more, and the handler isn't called any more. */
  close(): void {
    this.list([], []);
    this.#callers.clear();
    this.#handler = undefined;
  }

  #later(tell: (handler: TransportHandler) => void): void {
    this.#defer(() => {
      if (this.#handler !== undefined) tell(this.#handler);
    });
  }
}

/** Without what a transport knows besides. */
function senderOf({ id, incarnation, run }: Hello): Sender {
  return { id, incarnation, run };
}
