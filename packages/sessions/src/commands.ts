// The commands and results of a machine with sessions. Commands are arrays, distinguished by their
// length, so that a session adds only a few bytes to a command. Build them with the functions here.
import type { Index, ReturnOf, Returns } from "@raftkit/core";

/** Opens a session. */
export type OpenSession = readonly [] & Returns<SessionOpened>;

/** Outside of sessions: handed to the machine each time it is applied. */
export type PlainCommand<Command, Result, One = Command> = One extends unknown
  ? readonly [command: One] & Returns<ReturnOf<Command, Result, One>>
  : never;

/** Ends a session before it expires. */
export type CloseSession = readonly [session: Index, close: "close"] & Returns<SessionClosed>;

/** The command that has this number in this session: executed once. */
export type NumberedCommand<Command, Result> = readonly [
  session: Index,
  number: number,
  lowest: number,
  command: Command,
] &
  Returns<SessionOutcome<Result>>;

export type SessionsCommand<Command, Result> =
  | OpenSession
  | PlainCommand<Command, Result>
  | CloseSession
  | NumberedCommand<Command, Result>;

/** `session` is its id, `maxUnanswered` how many commands it may have in flight. */
export interface SessionOpened {
  readonly ok: true;
  readonly session: Index;
  readonly maxUnanswered: number;
}

/** The session doesn't exist any more, whether or not it ever did. */
export interface SessionClosed {
  readonly ok: true;
}

/**
 * Why nothing was executed:
 * - `unknownSession`: it was never opened, was closed, or has expired.
 * - `answered`: the number is below the lowest that the client still waits for. It is no longer
 *   known whether it was executed.
 * - `differentCommand`: another command was executed under this number.
 * - `tooManyUnanswered`: the number is `maxUnanswered` or more above the lowest. It is free: send
 *   it again later.
 * - `resultNotKept`: executed before, once; but its result was larger than `maxResultBytes`, or the
 *   codec refused it, so it can't be returned again.
 */
export type SessionRefusalReason =
  | "unknownSession"
  | "answered"
  | "differentCommand"
  | "tooManyUnanswered"
  | "resultNotKept";

/** `invalid`: it is not a command; `sessionsSchema` would have refused it when it was proposed. */
export type SessionRefusal =
  | { readonly ok: false; readonly reason: SessionRefusalReason }
  | { readonly ok: false; readonly reason: "invalid"; readonly message: string };

/** `result`: what the machine's `apply` returned, now or when the number first came. */
export type SessionOutcome<Result> =
  | { readonly ok: true; readonly result: Result }
  | SessionRefusal;

/** For a plain command it is the machine's own result. */
export type SessionsResult<Result> =
  | SessionOpened
  | SessionClosed
  | SessionOutcome<Result>
  | Result;

export function openSession(): OpenSession {
  return [];
}

/** @param session the id that opening it gave */
export function closeSession(session: Index): CloseSession {
  return [session, "close"];
}

/** A command outside of sessions: when it is proposed twice, it is executed twice. */
export function plainCommand<Command>(
  command: Command,
): Command extends unknown ? readonly [command: Command] : never;
export function plainCommand(command: unknown): readonly [command: unknown] {
  return [command];
}

/**
 * @param session the id that opening it gave
 * @param number counts the session's commands, from 1: the same one when it is sent again
 * @param lowest the lowest number, up to `number`, whose result is still awaited; results below it
 * are dropped
 */
export function numberedCommand<Command>(
  session: Index,
  number: number,
  lowest: number,
  command: Command,
): readonly [session: Index, number: number, lowest: number, command: Command] {
  return [session, number, lowest, command];
}

/** A command taken apart. */
export type ParsedCommand =
  | { readonly type: "open" }
  | { readonly type: "plain"; readonly command: unknown }
  | { readonly type: "close"; readonly session: Index }
  | {
      readonly type: "numbered";
      readonly session: Index;
      readonly number: number;
      readonly lowest: number;
      readonly command: unknown;
    };

/** @returns what is wrong, as a string, for anything that isn't a command */
export function parseCommand(given: unknown): ParsedCommand | string {
  if (!Array.isArray(given)) return "a command is an array";
  const parts: readonly unknown[] = given;
  if (parts.length === 0) return { type: "open" };
  if (parts.length === 1) return { type: "plain", command: parts[0] };
  if (parts.length !== 2 && parts.length !== 4) {
    return `a command has 0, 1, 2 or 4 parts, not ${parts.length}`;
  }
  const [session, number, lowest, command] = parts;
  if (!isPlace(session)) return "a session is an index, a whole number from 1";
  if (parts.length === 2) {
    return number === "close"
      ? { type: "close", session }
      : 'of two parts, the second one is "close"';
  }
  if (!isPlace(number)) return "the number of a command is a whole number from 1";
  if (!isPlace(lowest) || lowest > number) {
    return "the lowest number is a whole number from 1 up to the command's own";
  }
  return { type: "numbered", session, number, lowest, command };
}

function isPlace(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
