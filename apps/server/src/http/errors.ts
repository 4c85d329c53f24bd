// What a request is refused with: a status, a stable code and a sentence. Maps raftkit's errors to
// them; everything that isn't known to be harmless to show ends as a bare 500.
import { RaftkitError } from "@raftkit/core";
import type { FastifySchemaValidationError } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { inFlags } from "../cli/flags.js";
import {
  MembershipChangeFailed,
  NotProposed,
  NotReady,
  OutcomeUnknown,
  ReadFailed,
  SnapshotFailed,
  TransferFailed,
  WatchEnded,
} from "raftkit";
import { changeRefusal, transferRefusals } from "./cluster-refusals.js";

export class HttpError extends RaftkitError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

/** What an answer with it holds. */
export function errorBody({ code, message }: HttpError): {
  error: { code: string; message: string };
} {
  return { error: { code, message } };
}

/** Seconds. A new leader is usually elected well within it. */
const RETRY_AFTER = { "retry-after": "1" };

function unavailable(code: string, message: string): HttpError {
  return new HttpError(503, code, message, RETRY_AFTER);
}

export function overloaded(message: string): HttpError {
  return unavailable("overloaded", message);
}

/** `reason`s of `NotProposed`, `ReadFailed` and `NotReady` that mean "not now". */
const unavailableCodes: Readonly<Record<string, string>> = {
  noLeader: "no_leader",
  overloaded: "overloaded",
  closing: "closing",
  failed: "failed",
  notSent: "not_sent",
  superseded: "superseded",
  aborted: "aborted",
  timeout: "timeout",
  behind: "behind",
};

/**
 * Undefined: the error is not one that a request may end with by itself; the caller logs it and
 * answers 500.
 */
export function toHttpError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  if (error instanceof OutcomeUnknown) {
    return new HttpError(
      504,
      "outcome_unknown",
      `${inFlags(error.message)}; the write may or may not take effect: read before you retry`,
    );
  }
  if (error instanceof NotProposed && error.reason === "tooLarge") {
    return new HttpError(413, "too_large", "key and value are too large for one entry of the log");
  }
  if (error instanceof NotProposed && error.reason === "invalid") {
    return new HttpError(400, "bad_request", error.message);
  }
  if (error instanceof NotProposed && error.reason === "logFull") {
    return new HttpError(507, "log_full", LOG_FULL);
  }
  if (error instanceof NotProposed && error.reason === "diskFull") {
    return new HttpError(507, "disk_full", error.message);
  }
  if (error instanceof SnapshotFailed) {
    return unavailable("snapshot_failed", inFlags(error.message));
  }
  if (error instanceof TransferFailed || error instanceof MembershipChangeFailed) {
    const [status, code] =
      error instanceof TransferFailed ? transferRefusals[error.reason] : changeRefusal(error);
    return new HttpError(status, code, inFlags(error.message), status === 503 ? RETRY_AFTER : {});
  }
  if (error instanceof NotProposed || error instanceof ReadFailed) {
    const code = unavailableCodes[error.reason];
    if (code !== undefined) return unavailable(code, inFlags(error.message));
  }
  if (error instanceof NotReady) {
    const code = error.reason === "timeout" ? "not_ready" : unavailableCodes[error.reason];
    if (code !== undefined) return unavailable(code, `${error.message}; nothing was changed`);
  }
  return error instanceof WatchEnded ? watchEnded(error) : undefined;
}

/** What to do is said in the words of the API. */
export function watchEnded({ reason, oldest, index }: WatchEnded): HttpError {
  const again =
    "list with GET /v1/kv, then watch with after= the index of the list (of its first page)";
  switch (reason) {
    case "compacted":
      return new HttpError(
        410,
        "compacted",
        `the changes after this position aren't kept here: the oldest position is ${oldest}, and ${index} is applied; ${again}`,
      );
    case "slow":
      return new HttpError(
        410,
        "slow",
        `the stream was read too slowly, and the next changes are no longer kept: the oldest position is ${oldest}, and ${index} is applied; ${again}`,
      );
    case "ahead":
      return unavailable(
        "ahead",
        `this node has applied ${index}, and didn't reach this position in time; try again, or at another node`,
      );
    case "tooMany":
      return overloaded("this node serves as many watches as it allows; watch at another node");
  }
}

export function notReady(message: string): HttpError {
  return unavailable("not_ready", message);
}

const LOG_FULL =
  "the leader's log has no room for this write within --max-log-bytes, and nothing was changed; the leader's next snapshot makes room. If that takes long, the standard output of the leader's server says why; or raise --max-log-bytes on every node";

/** For readiness. No `Retry-After`: it ends with the next snapshot, whenever that is. */
export function logFull(logBytes: number, maxLogBytes: number): HttpError {
  return new HttpError(
    503,
    "log_full",
    `the raft log of this node holds ${logBytes} of --max-log-bytes ${maxLogBytes}: as a leader it refuses writes that don't fit until its next snapshot replaces entries; if none comes, the server's standard output says why; reads are answered`,
  );
}

/** The same: it ends when somebody makes room. */
export function diskFull(): HttpError {
  return new HttpError(
    503,
    "disk_full",
    "the disk under --data is full: as a leader this node refuses writes, as a follower it stops when the log's reserve is used up; free space, and it continues without a restart; reads are answered",
  );
}

export function methodNotAllowed(method: string, allow: string): HttpError {
  return new HttpError(
    405,
    "method_not_allowed",
    `${method} is not allowed here; allowed: ${allow}`,
    { allow },
  );
}

/** What the schemas of a route refuse. */
function invalidRequest({ validation }: ValidationFailed): HttpError {
  const [issue] = validation;
  const of: unknown = issue?.params["params"];
  const code = typeof of === "object" && of !== null && "code" in of ? of.code : undefined;
  return new HttpError(
    400,
    typeof code === "string" ? code : "bad_parameter",
    issue?.message ?? "",
  );
}

interface ValidationFailed {
  readonly validation: readonly FastifySchemaValidationError[];
}
