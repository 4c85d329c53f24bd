// How frames get from node to node.
import { RaftkitError } from "../errors.js";
import type { NodeId, Peer, Sender } from "../types.js";

/** What a transport says of its own node to the others when it introduces itself. */
export interface LocalNode extends Sender {
  readonly clusterId: string;
  /** Where the others reach this node, in the transport's notation. It listens there. */
  readonly address: string;
  /** As in the log's identity: `[a-z0-9-]{1,32}`, up to four of these joined by `+`. */
  readonly codec: string;
}

/** Its methods don't throw, and may call those of the transport. */
export interface TransportHandler {
  /**
   * A whole, unaltered frame from a node of this cluster with this codec; `from` is what that
   * node's own `start` got. The receiver owns the bytes, and may write over them: the transport
   * never touches them again, and nobody else has them.
   */
  receive(from: Sender, frame: Uint8Array): void;
  /**
   * A node of this cluster answered at a seed, and can be sent to by its id while the seed is
   * listed. Called on every new connection, so also after one was lost or cut off by `disconnect`,
   * and when a later run answers. Without connections: when a node answers after none did.
   */
  met(from: Sender): void;
  /**
   * Frames for this peer were lost or can't be delivered now: it is down, cut off (also by its
   * `disconnect`), silent, or its queue is full. May be called often; it is a hint.
   */
  unreachable(to: NodeId): void;
  /**
   * Somebody was turned away (another cluster, version, codec; rubbish), or turned this node away:
   * of two nodes that don't belong together at least one is told. For the log.
   */
  rejected(error: RaftkitError): void;
}

/**
 * Carries frames, each whole or not at all; they may be lost, doubled, delayed and reordered. After
 * `start` no method throws or blocks. Queues are bounded, one for each peer: what doesn't fit is
 * dropped and reported as unreachable, and a peer that is down or doesn't read holds up no other. A
 * link that falls silent without breaking is noticed. Whatever strangers or a bad link send costs
 * at most the connection that it came on.
 *
 * A heartbeat must not wait behind megabytes: where frames travel in a stream of bytes, small ones
 * (up to 64 KiB) overtake a large one that is under way, and only little of it (some 128 KiB) may
 * lie in the buffers of the system, where nothing overtakes it any more (decision 0020).
 *
 * A node that starts again has a higher `run`: what comes from an earlier one is its past, and may
 * be delivered or dropped; a connection of an earlier run gives way to one of a later.
 */
export interface Transport {
  /**
   * The largest frame that can be sent; a node needs more than 65,536. The smallest has one byte.
   */
  readonly maxFrameBytes: number;
  /**
   * Called once, first. Resolved when it listens. Rejects with a `RaftkitError` when it can't, such
   * as when the address is taken.
   */
  start(local: LocalNode, handler: TransportHandler): Promise<void>;
  /**
   * Whom to keep connections to, also when they aren't there yet, come back, or moved to another
   * address. Replaces the earlier lists: nodes no longer listed can't be sent to, but those that
   * have contacted this node can still be answered.
   *
   * A seed that leads to this run of this node is skipped silently. A node that is also a peer, or at
   * another seed, is met all the same; that may cost a second connection, and disturbs neither. A
   * node that doesn't match is reported through `rejected`, like one at a peer's address, and the
   * seed is tried again; so is an invalid address.
   * @param seeds addresses without a known id: a connection to each is kept, as to peers, and `met`
   * reports who answers. Those that stay in the list keep their connections.
   */
  setPeers(peers: readonly Peer[], seeds: readonly string[]): void;
  /**
   * Sends the concatenation of `parts`, which never change afterwards. A part may be empty, or a
   * view of a larger buffer.
   * @returns false when the frame was certainly not sent and never will be: before `start`, after
   * `close`, to nobody known, above `maxFrameBytes`, without room; true promises nothing.
   */
  send(to: NodeId, parts: readonly Uint8Array[]): boolean;
  /**
   * This peer misbehaved: cut its connections. It may come back, where connections cost something
   * after a back-off. A sender that isn't connected: nothing.
   * @param reason why, and what to do, as the other side may be told
   */
  disconnect(from: Sender, reason?: string): void;
  /**
   * Releases everything held, the address too. At any time: without `start`, twice, while it
   * closes. It waits for no peer, and drops what is under way. No handler is called any more once
   * it resolved.
   */
  close(): Promise<void>;
}
