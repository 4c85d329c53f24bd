// Why a connection was refused. Texts name both sides, so that either can print the same one.
import { RaftkitError } from "@raftkit/core";
import type { NodeId } from "@raftkit/core";

const CODES = [
  /** The other side belongs to another cluster. */
  "CLUSTER_MISMATCH",
  /** No common version of this protocol. */
  "VERSION_MISMATCH",
  /** The other side encodes values differently. */
  "CODEC_MISMATCH",
  /** The two take frames of different size. */
  "FRAME_LIMIT_MISMATCH",
  /** Another node listens where this one was expected. */
  "WRONG_PEER",
  /** Two processes use one node id. */
  "DUPLICATE_ID",
  /** A later run of the same data directory has spoken already. */
  "OLD_RUN",
  /** What came in is not this protocol. */
  "NOT_A_PEER",
  /** The introduction took too long. */
  "HANDSHAKE_TIMEOUT",
  /** A frame's checksum or kind is wrong. */
  "CORRUPT_STREAM",
  /** A frame is larger than the limit. */
  "FRAME_TOO_LARGE",
  /** Too many inbound connections. */
  "TOO_MANY_CONNECTIONS",
  /** The other side was disconnected for what it sent, and came back too early. */
  "BACKING_OFF",
  /** An address can't be parsed or looked up. */
  "INVALID_ADDRESS",
] as const;

export type RejectionCode = (typeof CODES)[number];

/** Why one side turns the other away: what travels in a reject frame. */
export interface Refusal {
  readonly code: RejectionCode;
  readonly message: string;
}

/** A connection was turned away, by this node or by the other. Nothing else changed. */
export class PeerRejected extends RaftkitError {
  declare readonly code: RejectionCode;
  /** Who it was, when it said so. */
  readonly peer: NodeId | undefined;
  /** Where it was: `host:port`. */
  readonly remote: string;
  constructor(refusal: Refusal, remote: string, peer: NodeId | undefined) {
    super(refusal.code, refusal.message);
    this.remote = remote;
    this.peer = peer;
  }
}

export function isRejectionCode(code: unknown): code is RejectionCode {
  return CODES.some((known) => known === code);
}
