// The errors with which proposals, reads and other calls end. `outcome` tells a program whether it
// may simply retry.
import type { Configuration, Index, IntroductionVerdict, NodeId } from "@raftkit/core";
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

/** `member` gave up, or has no answer; the message gives the reason. */
export class NotMember extends RaftkitError {
  readonly reason: GivenUp;
  /** Another node's last answer to this node's introduction; null: nobody answered. */
  readonly answer: IntroductionVerdict | null;
  constructor(
    reason: GivenUp,
    message: string,
    answer: IntroductionVerdict | null,
    options?: { cause?: unknown },
  ) {
    super("NOT_MEMBER", message, options);
    this.reason = reason;
    this.answer = answer;
  }
}

export type MembershipChangeFailedReason =
  | GivenUp
  /** No leader was known, or it didn't answer. */
  | "noLeader"
  /** The node that was called isn't a member. */
  | "notMember"
  /** Someone else changed the members meanwhile; `configuration` has the present ones. */
  | "stale"
  /** Another change is in progress. */
  | "inProgress"
  | "noVoter"
  /** An id is named twice, or two nodes have one address. */
  | "duplicate"
  | "tooMany"
  /** Nodes of these ids aren't members, and haven't introduced themselves to the leader. */
  | "unknownServer"
  /** A new voter made no more progress with the log. */
  | "notCaughtUp"
  /** Too few of the new voters answer: nothing could be committed without a majority. */
  | "unreachable";

/** What a failed change of members leaves behind. */
export interface MembershipChangeState {
  /** The nodes that the reason concerns. */
  readonly ids: readonly NodeId[];
  /** The change was sent to the leader, and may happen, now or later. */
  readonly mayHappen: boolean;
  /** The latest committed configuration that this node knows. */
  readonly configuration: Configuration | undefined;
  /** Of its entry. */
  readonly configurationIndex: Index;
}

/** The change wasn't made, or its outcome is unknown: the message says what to do. */
export class MembershipChangeFailed extends RaftkitError implements MembershipChangeState {
  readonly reason: MembershipChangeFailedReason;
  readonly ids: readonly NodeId[];
  readonly mayHappen: boolean;
  readonly configuration: Configuration | undefined;
  readonly configurationIndex: Index;
  constructor(
    reason: MembershipChangeFailedReason,
    message: string,
    state: MembershipChangeState,
    options?: { cause?: unknown },
  ) {
    super("MEMBERSHIP_CHANGE_FAILED", message, options);
    this.reason = reason;
    this.ids = state.ids;
    this.mayHappen = state.mayHappen;
    this.configuration = state.configuration;
    this.configurationIndex = state.configurationIndex;
  }
}

/**
 * This node was told to join a cluster, but its data directory holds a log of another one. It
 * stopped, and nothing was changed.
 */
export class OtherCluster extends RaftkitError {
  constructor(message: string) {
    super("OTHER_CLUSTER", message);
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
  /** It stepped down by itself: no majority answered it in time, its disk hung, or it left the cluster. */
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
