// The errors with which proposals, reads and other calls end. `outcome` tells a program whether it
// may simply retry.
import { RaftkitError } from "@raftkit/core";

export { InvalidOption } from "@raftkit/core";

export type NotProposedReason =
  /** No leader was known before the call timed out, or at once if it doesn't `wait`. */
  | "noLeader"
  /** The leader's uncommitted entries or a window is full: retry after a pause. */
  | "overloaded"
  /**
   * The leader's log has reached `maxLogBytes`. The next snapshot makes room; without
   * `storage.snapshots`, or while they fail, only raising the limit helps.
   */
  | "logFull"
  /** The leader's disk is full: retry once there is room again. */
  | "diskFull"
  | "tooLarge"
  /** The node was closed. */
  | "closing"
  /** The node has failed: `cause` says why, and so does its `error` event. */
  | "failed"
  /** It was certainly not sent: the leader couldn't be reached in time. */
  | "notSent"
  /** Another leader's entry was committed in its place. */
  | "superseded"
  /** The command's schema or the codec refused it. */
  | "invalid"
  /** Its signal aborted before it was proposed. */
  | "aborted"
  /** It timed out before it was proposed. */
  | "timeout";

/** The command was not and will not be applied: a retry can't apply it twice. */
export class NotProposed extends RaftkitError {
  readonly outcome = "notProposed";
  readonly reason: NotProposedReason;
  constructor(reason: NotProposedReason, message: string, options?: { cause?: unknown }) {
    super("NOT_PROPOSED", message, options);
    this.reason = reason;
  }
}

/** Back-pressure: retry after a pause. */
export class Overloaded extends NotProposed {
  constructor(message: string) {
    super("overloaded", message);
  }
}

/** Why the call ended without an outcome after the command was submitted. */
export type OutcomeUnknownReason =
  /** It timed out. */
  | "timeout"
  /** Its signal aborted; `cause` is the signal's reason. */
  | "aborted"
  /** The leader that it was sent to no longer leads, or its answer was lost or came too late. */
  | "leaderChanged"
  /** The leader's snapshot replaced the entry, and doesn't tell its outcome. */
  | "snapshotInstalled"
  /** The node was closed. */
  | "closing"
  /** The node has failed; `cause` says why. */
  | "failed";

/** The command may or may not be applied, now or later: check before you retry. */
export class OutcomeUnknown extends RaftkitError {
  readonly outcome = "unknown";
  readonly reason: OutcomeUnknownReason;
  constructor(reason: OutcomeUnknownReason, message: string, options?: { cause?: unknown }) {
    super("OUTCOME_UNKNOWN", message, options);
    this.reason = reason;
  }
}

/** Why a call ends although nothing answered it: the caller gave up, or the node ended. */
export type GivenUp = "timeout" | "aborted" | "closing" | "failed";

export type ReadFailedReason =
  | GivenUp
  | "noLeader"
  /** Too many reads of this node wait for a leader: retry after a pause. */
  | "overloaded"
  /** This node didn't reach the requested index in time: retry, here or elsewhere. */
  | "behind";

/** A read without an answer; reads change nothing, so it is safe to retry. */
export class ReadFailed extends RaftkitError {
  readonly reason: ReadFailedReason;
  constructor(reason: ReadFailedReason, message: string, options?: { cause?: unknown }) {
    super("READ_FAILED", message, options);
    this.reason = reason;
  }
}

export type TransferFailedReason =
  | GivenUp
  | "noLeader"
  /** The target isn't a member, or isn't a voter; or there is no other voter. */
  | "unknownServer"
  | "notVoter"
  | "noOtherVoter"
  /** A transfer to another node is in progress. */
  | "inProgress"
  /**
   * Called off after the longest election timeout: the target wasn't heard, or lacked entries, or
   * was told to take over and didn't.
   */
  | "unreachable"
  | "behind"
  | "notElected"
  /** The leader that was asked wasn't heard from again: it may still happen. */
  | "noAnswer";

/** The transfer failed, or its outcome is unknown: the message says what to do. Nothing is lost. */
export class TransferFailed extends RaftkitError {
  readonly reason: TransferFailedReason;
  constructor(reason: TransferFailedReason, message: string, options?: { cause?: unknown }) {
    super("TRANSFER_FAILED", message, options);
    this.reason = reason;
  }
}

/** `ready` counts as one of its node's reads, and can be `overloaded` like them. */
export type NotReadyReason = GivenUp | "overloaded";

/** `ready` gave up; the message says what the node lacked. */
export class NotReady extends RaftkitError {
  readonly reason: NotReadyReason;
  constructor(reason: NotReadyReason, message: string, options?: { cause?: unknown }) {
    super("NOT_READY", message, options);
    this.reason = reason;
  }
}

/**
 * `apply`, `query` or `restore` of the state machine threw; `cause` is what it threw. An `apply`
 * that throws stops the node.
 */
export class StateMachineFailed extends RaftkitError {
  constructor(message: string, options: { cause: unknown }) {
    super("STATE_MACHINE_FAILED", message, options);
  }
}

/**
 * The log storage failed; the node stopped. Nothing is retried, since it is unknown what a failed
 * sync left on disk.
 */
export class StorageFailed extends RaftkitError {
  constructor(message: string, options: { cause: unknown }) {
    super("STORAGE_FAILED", message, options);
  }
}

/**
 * A snapshot could not be taken; `cause` says why. The node continues, and its log keeps the
 * entries.
 */
export class SnapshotFailed extends RaftkitError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("SNAPSHOT_FAILED", message, options);
  }
}

/**
 * `close` timed out. The node and its calls have ended all the same, and every part that isn't
 * named here is released. The named parts are still running, and are released once they end.
 */
export class CloseTimedOut extends RaftkitError {
  /** What is still being closed, such as "state machine". */
  readonly pending: readonly string[];
  constructor(nodeId: string, timeoutMs: number, pending: readonly string[]) {
    super(
      "CLOSE_TIMED_OUT",
      `after ${timeoutMs} ms node ${nodeId} still waits for its ${pending.join(" and its ")} to finish; everything else is closed`,
    );
    this.pending = pending;
  }
}

export type LeadershipEndedReason =
  /** Another node asked for votes or leads, in a later term. */
  | "deposed"
  /** It stepped down by itself: no majority answered it in time, or its own disk hung. */
  | "steppedDown"
  /** The node was closed. */
  | "closing"
  /** The node has failed; `cause` says why. */
  | "failed";

/** The `reason` of a leadership's signal: why this node no longer leads. */
export class LeadershipEnded extends RaftkitError {
  readonly reason: LeadershipEndedReason;
  constructor(reason: LeadershipEndedReason, message: string, options?: { cause?: unknown }) {
    super("LEADERSHIP_ENDED", message, options);
    this.reason = reason;
  }
}

/** The text of an error, for use in a message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
