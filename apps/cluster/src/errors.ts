// What a user of the cluster can get wrong, or the machine refuse. `status` is how the control API
// answers it.
import { RaftkitError } from "@raftkit/core";

export type ClusterErrorCode =
  | "CONTROL_PORT_TAKEN"
  | "DATA_NOT_OURS"
  | "DATA_DIFFERS"
  | "DATA_IN_USE"
  | "DATA_NOT_MADE"
  | "NODE_ENDED"
  | "NO_LEADER"
  | "NO_PORTS"
  | "NOTHING_TO_VERIFY"
  | "INTERRUPTED"
  | "UNKNOWN_NODE"
  | "NOT_RUNNING"
  | "BAD_REQUEST"
  | "IN_PROGRESS"
  | "REFUSED"
  | "UNREACHABLE";

/**
 * An expected failure; the message is one line that says what happened, to what, and what to do.
 */
export class ClusterError extends RaftkitError {
  readonly status: number;
  constructor(
    code: ClusterErrorCode,
    message: string,
    options: { status?: number; cause?: unknown } = {},
  ) {
    super(code, message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status ?? 500;
  }
}
