// Why one node refuses another: the codes, and the HTTP status with which each is answered. Nothing
// here acts.
import type { MismatchCode } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";

/** The stable codes of `PeerRejected`. */
export type PeerRejectedCode =
  /** The two nodes don't belong together. */
  | MismatchCode
  /** The two nodes speak different versions of this transport's protocol. */
  | "WRONG_VERSION"
  /** A later run of the same data directory has been heard of already. */
  | "STALE_RUN"
  /** The credentials are missing or wrong. */
  | "UNAUTHORIZED"
  /** What came is no request (or answer) of this transport. */
  | "BAD_REQUEST"
  /** The request's body is larger than the protocol allows. */
  | "BODY_TOO_LARGE"
  /** The sender was cut off by `disconnect`, for about a second; the log of who did it says why. */
  | "CUT_OFF"
  /** The same, and another data directory is heard under the sender's id. */
  | "OTHER_DATA_DIRECTORY"
  /** A peer's address is no http or https URL, or has a port that `fetch` refuses. */
  | "BAD_ADDRESS"
  /** Something other than a raftkit node answers at a peer's address. */
  | "NOT_RAFTKIT";

export const STATUS_OF_CODE: Readonly<Record<PeerRejectedCode, number>> = {
  CLUSTER_MISMATCH: 409,
  CODEC_MISMATCH: 409,
  FRAME_LIMIT_MISMATCH: 409,
  WRONG_PEER: 409,
  DUPLICATE_ID: 409,
  WRONG_VERSION: 409,
  STALE_RUN: 409,
  UNAUTHORIZED: 401,
  BAD_REQUEST: 400,
  BODY_TOO_LARGE: 413,
  CUT_OFF: 429,
  OTHER_DATA_DIRECTORY: 409,
  BAD_ADDRESS: 400,
  NOT_RAFTKIT: 502,
};

/**
 * Two nodes can't talk to each other; the message says which, why, and what to do. Goes to
 * `TransportHandler.rejected`.
 */
export class PeerRejected extends RaftkitError {
  declare readonly code: PeerRejectedCode;
  constructor(code: PeerRejectedCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}

export function isPeerRejectedCode(code: unknown): code is PeerRejectedCode {
  return typeof code === "string" && Object.hasOwn(STATUS_OF_CODE, code);
}
