// What an author of a transport hands to the suite, and what the adapter can do of what some cases
// ask for. Types only, and the list of capabilities.
import type { NodeId, Peer, Transport } from "@raftkit/core";

/**
 * What some cases need. Declare each one that the adapter has; the cases of the others are skipped
 * and counted.
 * - `listen`: `start` itself takes the address, so it can find out that somebody else has it
 * - `queue`: frames wait in a queue of `maxQueueBytes` for each peer
 * - `cut`, `stall`: `links` has these controls
 * - `stream`: frames travel in a stream of bytes, and `links` can disturb that: `createSocketLinks`
 *   does for everything on loopback sockets
 * - `checksum`: a byte that changes on the way is found out
 * - `introduction`: whoever dials introduces itself once on each connection, at once, before the
 *   first frame and in the same words each time; `links` can `record` them, and the subject's
 *   `introduction` wraps other ones
 */
export type TransportCapability =
  | "listen"
  | "queue"
  | "cut"
  | "stall"
  | "stream"
  | "checksum"
  | "introduction";

/** One network and the transports on it, fresh for each case. */
export interface TransportSubject {
  /**
   * An address on which one node can listen, again after a restart too. Each call gives another
   * one.
   */
  address(): Promise<string> | string;
  /**
   * A transport that hasn't been started, for one run of the node that will listen at `address`.
   */
  transport(address: string): Promise<Transport> | Transport;
  /**
   * `queue`: the most that may wait for one peer, in bytes. Small is quick: one or two largest
   * frames.
   */
  readonly maxQueueBytes?: number;
  /** `cut`, `stall`, `stream`: what lies between the nodes. */
  readonly links?: Links;
  /**
   * `introduction`: the bytes with which somebody would introduce itself by these words (JSON, most
   * of them nonsense), as the adapter frames its own introduction: with its length, checksum, kind.
   */
  introduction?(words: Uint8Array): Uint8Array;
  /**
   * How long the suite waits for what must happen before it calls it missing. Default 10,000 ms.
   * Nothing waits that long when the adapter is right, so keep its own timeouts well below, and the
   * longest pause between two attempts to reach a peer below a quarter of it.
   */
  readonly patienceMs?: number;
}

/**
 * A network that can be disturbed. Each link has a direction: it is the way on which `from` reaches
 * `to`. A link is made when `from` is told where to look for `to`: the suite passes each address
 * through `route`, and what `route` returns goes to `setPeers`; addresses that nodes listen on are
 * those of the subject's `address()`. So a link lies below the adapter, one for each pair and
 * direction, and everything that `from` dials for `to` passes through it, answers too. Adapters on
 * loopback sockets (`127.0.0.1:PORT` anywhere in the address) and on Unix sockets (the address is a
 * path) get all of it from `createSocketLinks`.
 */
export interface Links {
  /** Where `from` is told to look for `to`. Default: where it listens. */
  route?(from: NodeId, to: Peer): Promise<string> | string;
  /** Nothing gets through any more; what was connected breaks. */
  cut?(from: NodeId, to: NodeId): void;
  /** Nothing gets through any more, and nobody is told: the other side seems to be there. */
  stall?(from: NodeId, to: NodeId): void;
  /** Undoes `cut`, `stall` and `disturb`. */
  heal?(from: NodeId, to: NodeId): void;
  /**
   * `stream`: what happens to the bytes on their way from `from` to `to`, from the next connection
   * on. What is connected breaks.
   * @returns whether it has come to pass: the connection that had it is gone, or much has passed
   * since
   */
  disturb?(from: NodeId, to: NodeId, disturbance: Disturbance): () => boolean;
  /** How many times `from` has tried to reach `to` on this link. */
  attempts?(from: NodeId, to: NodeId): number;
  /** `introduction`, `stream`: what `from` has said to `to` on each connection, oldest first. */
  record?(from: NodeId, to: NodeId): () => readonly Uint8Array[];
  /** `stream`: somebody who is no node connects to whoever listens at `address` and says this. */
  intrude?(address: string, bytes: Uint8Array): Promise<Intruder>;
  /** Ends everything: for the target's `dispose`. */
  close?(): Promise<void>;
}

export interface Intruder {
  /** Hangs up. */
  close(): void;
}

/** What happens to a connection's bytes. */
export type Disturbance =
  /** They come in pieces of this many. */
  | { readonly kind: "chop"; readonly bytes: number }
  /** The connection breaks after this many. */
  | { readonly kind: "break"; readonly afterBytes: number }
  /** One bit of this one is turned over. */
  | { readonly kind: "flip"; readonly atByte: number }
  /** A slow line: so many bytes a second pass, in each direction. */
  | { readonly kind: "throttle"; readonly bytesPerSecond: number };
