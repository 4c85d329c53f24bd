// What a route gets and what it gives back. Routes never touch sockets.
import type { IncomingHttpHeaders } from "node:http";

export interface Exchange {
  readonly headers: IncomingHttpHeaders;
  /** Still percent-encoded. */
  readonly path: string;
  /** Still percent-encoded. */
  readonly query: string | undefined;
  /** Aborted when the client goes away before its answer. */
  readonly signal: AbortSignal;
  /**
   * The body, read when it is asked for.
   * @throws {HttpError} when it is larger, comes too slowly, ends early or finds no room
   */
  body(maxBytes: number): Promise<Buffer>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

type Handler = (exchange: Exchange) => Reply | Promise<Reply>;

export interface Route {
  /** The label in metrics: from a fixed list, never from a request. */
  readonly name: string;
  readonly matches: (path: string) => boolean;
  /** HEAD is answered by GET. */
  readonly methods: Readonly<Record<string, Handler>>;
}

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}
