// Idempotency-Key: `session-number`. What it may be, and what is answered where a write under it
// wasn't executed.
import type { SessionRefusal } from "@raftkit/sessions";
import type { IdempotencyKey } from "../kv-calls.js";
import { HttpError } from "./errors.js";

/** @returns undefined: it isn't understood */
export function parseIdempotencyKey(text: string): IdempotencyKey | undefined {
  const [, session, number] = /^([1-9][0-9]{0,15})-([1-9][0-9]{0,15})$/.exec(text) ?? [];
  const key = { session: Number(session), number: Number(number) };
  return Number.isSafeInteger(key.session) && Number.isSafeInteger(key.number) ? key : undefined;
}

/** Of a request whose headers were checked. */
export function idempotencyKey(headers: {
  readonly "idempotency-key"?: string | undefined;
}): IdempotencyKey | undefined {
  const text = headers["idempotency-key"];
  return text === undefined ? undefined : parseIdempotencyKey(text);
}

export function notExecuted(refusal: SessionRefusal): HttpError {
  switch (refusal.reason) {
    case "unknownSession":
      return new HttpError(
        410,
        "session_unknown",
        "there is no such session, it was closed, or it has expired; the write was not executed now, and it is no longer known whether it was before, under this key: read, then open a new session with POST /v1/sessions",
      );
    case "answered":
      return new HttpError(
        409,
        "idempotency_key_too_old",
        "this number is too far behind the session's latest; the write was not executed now, and it is no longer known whether it was before: read before you retry under a new number",
      );
    case "differentCommand":
      return new HttpError(
        422,
        "idempotency_key_reused",
        "another write was executed under this key; this one was not: give each write its own number",
      );
    case "resultNotKept":
    case "tooManyUnanswered":
    case "invalid":
      // The server's own commands and results never bring these.
      return new HttpError(500, "internal", `the write was refused: ${refusal.reason}`);
  }
}
