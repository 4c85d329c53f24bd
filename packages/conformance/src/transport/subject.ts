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
 */
export type TransportCapability = "listen" | "queue" | "cut" | "stall" | "stream" | "checksum";

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
   * How long the suite waits for what must happen before it calls it missing. Default 10,000 ms.
   * Nothing waits that long when the adapter is right, so keep its own timeouts and back-offs well
   * below.
   */
  readonly patienceMs?: number;
}

/**
 * A network that can be disturbed. Each link has a direction: it is the way on which `from` reaches
 * `to`.
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
  | { readonly kind: "flip"; readonly atByte: number };
