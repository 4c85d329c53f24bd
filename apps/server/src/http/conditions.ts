// Conditional requests (RFC 9110 §13) over one kind of validator: a key's modification index as a
// strong ETag.
import type { IncomingHttpHeaders } from "node:http";
import type { Condition } from "@raftkit/kv";
import { HttpError } from "./errors.js";

export function etag(index: number): string {
  return `"${index}"`;
}

/**
 * For PUT and DELETE: `If-Match: "12"`, `If-Match: *` or `If-None-Match: *`, one of them at most.
 */
export function writeCondition(headers: IncomingHttpHeaders): Condition | undefined {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match !== undefined && noneMatch !== undefined) {
    throw bad("If-Match and If-None-Match can't be combined");
  }
  if (noneMatch !== undefined) {
    if (noneMatch.trim() !== "*") {
      throw bad(`If-None-Match: ${noneMatch} is not understood for a write; allowed: *`);
    }
    return { ifNoneMatch: "*" };
  }
  if (match === undefined) return undefined;
  if (match.trim() === "*") return { ifMatch: "*" };
  const index = parseEtag(match.trim());
  if (index === undefined) {
    throw bad(
      `If-Match: ${match} is not understood; allowed: * or one ETag as this server gives them, like "12"`,
    );
  }
  return { ifMatch: index };
}

/**
 * For GET and HEAD: whether `If-None-Match` names what the client would get (a weak comparison; a
 * list is fine).
 */
export function isUnchanged(headers: IncomingHttpHeaders, index: number): boolean {
  const noneMatch = headers["if-none-match"];
  if (noneMatch === undefined) return false;
  if (noneMatch.trim() === "*") return true;
  const tags = noneMatch.split(",").map((tag) => /^\s*(?:W\/)?("[^"]*")\s*$/.exec(tag)?.[1]);
  if (tags.includes(undefined)) throw bad(`If-None-Match: ${noneMatch} is not a list of ETags`);
  return tags.includes(etag(index));
}

function parseEtag(text: string): number | undefined {
  const match = /^"([1-9][0-9]{0,15})"$/.exec(text);
  const index = Number(match?.[1]);
  return Number.isSafeInteger(index) ? index : undefined;
}

function bad(message: string): HttpError {
  return new HttpError(400, "bad_condition", message);
}
