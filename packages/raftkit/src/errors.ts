// How a proposal or a read can end other than well. `outcome` tells a program whether it may simply
// try again.
import type { Configuration, Index, IntroductionVerdict, NodeId } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";

export { InvalidOption } from "@raftkit/core";

export type NotProposedReason =
  /** No leader is known: until the call's time was over, or right now where it doesn't `wait`. */
  | "noLeader"
  /** The leader's uncommitted entries or a window is full: try again after a pause. */
  | "overloaded"
  /**
   * The leader's log has reached `maxLogBytes`. It passes with the next snapshot; without
   * `storage.snapshots`, or while they fail, only raising the bound helps.
   */
  | "logFull"
  /** The leader's disk is full: trying again helps once there is room again. */
  | "diskFull"
  | "tooLarge"
  /** The node was closed. */
  | "closing"
  /** The node has failed: `cause` says why, and so does its `error` event. */
  | "failed"
  /** It was certainly never sent: the leader couldn't be reached in time. */
  | "notSent"
  /** Another leader's entry was committed in its place. */
  | "superseded"
  /** The command's schema or the codec refused it. */
  | "invalid"
  /** Its signal aborted before anything was done. */
  | "aborted"
  /** Its time was over before anything was done. */
  | "timeout";

/** It was not and will not be applied: trying again can't apply it twice. */
export class NotProposed extends RaftkitError {
  readonly outcome = "notProposed";
  readonly reason: NotProposedReason;
  constructor(reason: NotProposedReason, message: string, options?: { cause?: unknown }) {
    super("NOT_PROPOSED", message, options);
    this.reason = reason;
  }
}

/** Back-pressure: try again after a pause. */
export class Overloaded extends NotProposed {
  constructor(message: string) {
    super("overloaded", message);
  }
}

/** Why nobody waits for the outcome any more, once the command was handed over. */
export type OutcomeUnknownReason =
  /** Its time was over. */
  | "timeout"
  /** Its signal aborted; `cause` is the signal's reason. */
  | "aborted"
  /** The leader that it was sent to leads no more, or its answer was lost or came too late. */
  | "leaderChanged"
  /** The leader's snapshot took the place of the entry: what became of it isn't in it. */
  | "snapshotInstalled"
  /** The node was closed. */
  | "closing"
  /** The node has failed; `cause` says why. */
  | "failed";

/** It may or may not be applied, now or later: look before trying again. */
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
  /** Too many reads of this node wait for a leader: try again after a pause. */
  | "overloaded"
  /** This node didn't get as far as the index that was asked for in time: try again, or elsewhere. */
  | "behind";

/** A read that got no answer; reads change nothing, so it is safe to try again. */
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
  /** Who was to lead isn't a member, or has no vote; or nobody else has one. */
  | "unknownServer"
  | "notVoter"
  | "noOtherVoter"
  /** Another transfer, to somebody else, is under way. */
  | "inProgress"
  /**
   * Called off after the longest election timeout: who was to lead wasn't heard, or lacked entries, or
   * was told to take over and hasn't.
   */
  | "unreachable"
  | "behind"
  | "notElected"
  /** The leader that was asked wasn't heard of any more: it may still happen. */
  | "noAnswer";

/** Another node doesn't lead, or nobody knows: the message says what to do. Nothing is lost. */
export class TransferFailed extends RaftkitError {
  readonly reason: TransferFailedReason;
  constructor(reason: TransferFailedReason, message: string, options?: { cause?: unknown }) {
    super("TRANSFER_FAILED", message, options);
    this.reason = reason;
  }
}

/** `member` gave up, or can't be answered; the message says what stands in the way. */
export class NotMember extends RaftkitError {
  readonly reason: GivenUp;
  /** What another node said last to this one's introduction; null: nobody answered. */
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
  /** The node that was called is no member. */
  | "notMember"
  /** The members were changed by somebody else meanwhile; `configuration` is what they are now. */
  | "stale"
  /** Another change is under way, and hasn't ended. */
  | "inProgress"
  | "noVoter"
  /** An id is named twice, or two nodes have one address. */
  | "duplicate"
  | "tooMany"
  /** Nodes of these ids are no members, and haven't introduced themselves to the leader. */
  | "unknownServer"
  /** A new voter got no further with the log. */
  | "notCaughtUp"
  /** Too few of the new voters answer: without a majority nothing could be committed. */
  | "unreachable";

/** What a change of the members that failed leaves behind. */
export interface MembershipChangeState {
  /** The nodes that the reason is about. */
  readonly ids: readonly NodeId[];
  /** It was handed to the leader, and may be made, now or later. */
  readonly mayHappen: boolean;
  /** The latest committed one that this node knows. */
  readonly configuration: Configuration | undefined;
  /** Of its entry. */
  readonly configurationIndex: Index;
}

/** The members aren't what was asked for, or nobody knows: the message says what to do. */
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
 * This node was told to join a cluster, but its data directory holds a log of another one: it
 * stopped, and nothing was changed.
 */
export class OtherCluster extends RaftkitError {
  constructor(message: string) {
    super("OTHER_CLUSTER", message);
  }
}

/** It waits among the reads of its node, and is `overloaded` with them. */
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
 * The log storage failed; the node stopped. Nothing is retried: what a failed sync left behind
 * can't be known.
 */
export class StorageFailed extends RaftkitError {
  constructor(message: string, options: { cause: unknown }) {
    super("STORAGE_FAILED", message, options);
  }
}

/**
 * A snapshot could not be taken; `cause` says why. The node goes on, and its log keeps what the
 * snapshot would have stood for.
 */
export class SnapshotFailed extends RaftkitError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("SNAPSHOT_FAILED", message, options);
  }
}

/**
 * `close` waited as long as it was told to. The node has ended all the same: its calls too, and
 * what isn't named here is released. What is named goes on, and is released once it ends.
 */
export class CloseTimedOut extends RaftkitError {
  /** What is still being closed, such as "state machine". */
  readonly pending: readonly string[];
  constructor(nodeId: string, timeoutMs: number, pending: readonly string[]) {
    super(
      "CLOSE_TIMED_OUT",
      `after ${timeoutMs} ms node ${nodeId} still waits for its ${pending.join(" and its ")} to end what is under way; the rest of it is closed`,
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

/** The `reason` of a leadership's signal: why this node leads no more. */
export class LeadershipEnded extends RaftkitError {
  readonly reason: LeadershipEndedReason;
  constructor(reason: LeadershipEndedReason, message: string, options?: { cause?: unknown }) {
    super("LEADERSHIP_ENDED", message, options);
    this.reason = reason;
  }
}

/** What a message says of the error that caused it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
