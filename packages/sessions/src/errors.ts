// The errors with which a session's commands end. `outcome` tells a program whether the command may
// have been applied.
import { RaftkitError } from "@raftkit/core";
import type { SessionRefusal } from "./commands.js";

/**
 * `notApplied`: it was not and will not be applied. `applied`: it was, once. `unknown`: it may be,
 * at most once.
 */
export type CommandOutcome = "notApplied" | "applied" | "unknown";

/** The base class of every rejection of a session's calls. */
export class SessionError extends RaftkitError {
  readonly outcome: CommandOutcome;
  constructor(
    code: string,
    outcome: CommandOutcome,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(code, message, options);
    this.outcome = outcome;
  }
}

/** The command certainly wasn't proposed; `cause` says why, if the node does. Safe to retry. */
export class SessionCommandNotApplied extends SessionError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("SESSION_COMMAND_NOT_APPLIED", "notApplied", message, options);
  }
}

/**
 * The call ended while the outcome was unknown: it timed out, its signal aborted, or the node
 * ended. Proposed again, the command counts as a new one, so check first.
 */
export class SessionOutcomeUnknown extends SessionError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("SESSION_OUTCOME_UNKNOWN", "unknown", message, options);
  }
}

/**
 * The cluster no longer knows the session: it was unused for too long, or too many others
 * were opened. Open a new one. `outcome` is unknown for a command that was sent before.
 */
export class SessionExpired extends SessionError {
  constructor(outcome: CommandOutcome, message: string) {
    super("SESSION_EXPIRED", outcome, message);
  }
}

/** `close` was called before. */
export class SessionClosedError extends SessionError {
  constructor(message: string) {
    super("SESSION_CLOSED", "notApplied", message);
  }
}

/**
 * The machine with sessions refused the command. If only one client uses the session, the reason
 * can only be `resultNotKept`, after a repetition: it was executed, once, but its result is lost.
 */
export class SessionCommandRefused extends SessionError {
  readonly reason: SessionRefusal["reason"];
  constructor(reason: SessionRefusal["reason"], outcome: CommandOutcome, message: string) {
    super("SESSION_COMMAND_REFUSED", outcome, message);
    this.reason = reason;
  }
}
