// Conditional requests (RFC 9110 §13). What the headers may be is in `schemas/request.ts`.
import type { Condition } from "@raftkit/kv";
import { etag, parseEtag } from "./etag.js";
import type { ReadHeaders, WriteHeaders } from "./schemas/request.js";

/** For PUT and DELETE. */
export function writeCondition(headers: WriteHeaders): Condition | undefined {
  if (headers["if-none-match"] !== undefined) return { ifNoneMatch: "*" };
  const match = headers["if-match"];
  if (match === undefined) return undefined;
  return { ifMatch: parseEtag(match) ?? "*" };
}

/**
 * For GET and HEAD: whether `If-None-Match` names what the client would get (a weak comparison; a
 * list is fine).
 */
export function isUnchanged({ "if-none-match": tags }: ReadHeaders, index: number): boolean {
  if (tags === undefined) return false;
  if (tags.trim() === "*") return true;
  return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag(index));
}
