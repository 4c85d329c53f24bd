// What a route gets and what it gives back. Routes never touch sockets, except to read a body
// through `http/body.ts`.
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Still percent-encoded. */
  readonly path: string;
  /** Still percent-encoded. */
  readonly query: string | undefined;
  /** Aborted when the client goes away before its answer. */
  readonly signal: AbortSignal;
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
