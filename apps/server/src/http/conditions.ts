// Conditional requests (RFC 9110 §13) over one kind of validator: a key's modification index as a
// strong ETag. What the headers may be is in `schemas/request.ts`.
import type { Condition } from "@raftkit/kv";
import type { ReadHeaders, WriteHeaders } from "./schemas/request.js";

export function etag(index: number): string {
  return `"${index}"`;
}

/** Undefined for anything but one ETag as this server gives them. */
export function parseEtag(text: string): number | undefined {
  const index = Number(/^"([1-9][0-9]{0,15})"$/.exec(text)?.[1]);
  return Number.isSafeInteger(index) ? index : undefined;
}

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
