// Requests that change something and that browsers send for any page without asking first.
import type { IncomingMessage } from "node:http";
import { HttpError } from "./errors.js";

/**
 * @param who does this, as in "sessions are opened by programs"
 * @throws {HttpError} 403 `forbidden_origin`
 */
export function refuseForeignPages({ headers }: IncomingMessage, who: string): void {
  const { origin, host } = headers;
  if (origin === undefined || origin === `http://${host}`) return;
  throw new HttpError(
    403,
    "forbidden_origin",
    `the request comes from a page of ${origin}; ${who} by programs, or by pages of this server`,
  );
}
