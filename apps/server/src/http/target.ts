// Keys in request targets. A router would fold "." and "..", also written as %2e, and end a segment
// at %2F, and all of these are keys like any other: the router sees `ITEM_URL` in place of every
// key, and the key is taken from the target as it was sent. So it is with sessions, which are few
// routes for many paths, too.
import { HttpError } from "./errors.js";

const KEYS = "/v1/kv/";
/** The pattern of a key's route, and what stands for every key's path when routes are looked up. */
export const ITEM_URL = "/v1/kv/:key";
const SESSIONS = "/v1/sessions/";
/** The same for sessions. */
export const SESSION_URL = "/v1/sessions/:session";

/** What stands for a path that no route may match. */
const NOWHERE = "/v1/";

/**
 * What the router is given: accepts the origin form (`/path?query`) and the absolute form that
 * proxies use (`http://host/path?query`).
 */
export function routedUrl(target: string): string {
  const origin = originForm(target);
  const path = pathOf(origin);
  if (path.startsWith(KEYS)) return ITEM_URL + origin.slice(path.length);
  if (path.startsWith(SESSIONS)) return SESSION_URL + origin.slice(path.length);
  // Every other path is plain text: one with an escape, as one without a slash, is none of them.
  return path.startsWith("/") && !path.includes("%") ? origin : NOWHERE;
}

/** @throws {HttpError} when it isn't percent-encoded UTF-8 */
export function keyOf(target: string): string {
  return decodePercent(pathOf(originForm(target)).slice(KEYS.length), "the key");
}

/** As it was sent. */
export function sessionOf(target: string): string {
  return pathOf(originForm(target)).slice(SESSIONS.length);
}

/** Still percent-encoded. */
export function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

/** @throws {HttpError} when it isn't percent-encoded UTF-8: nothing is repaired */
export function checkQuery(url: string): void {
  const start = url.indexOf("?");
  if (start >= 0) decodePercent(url.slice(start + 1), "the query");
}

function originForm(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");
}

function decodePercent(text: string, what: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, "bad_encoding", `${what} is not percent-encoded UTF-8`);
  }
}
