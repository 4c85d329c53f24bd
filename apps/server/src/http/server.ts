// The HTTP listener: finds the route, writes its reply, turns errors into JSON, bounds what clients
// may send and hold open, and drains. It knows nothing of Raft. What a client sends can end its own
// connection, nothing else.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "raftkit";
import { isLoopback } from "../options/addresses.js";
import { discardRest } from "./body.js";
import { HttpError, methodNotAllowed, toHttpError } from "./errors.js";
import { json } from "./exchange.js";
import type { Reply, Route } from "./exchange.js";
import { parseTarget } from "./target.js";

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 4096;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;

/** Told once for each request that was answered or given up. */
export type Observe = (done: {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}) => void;

export interface HttpListener {
  readonly server: Server;
  /**
   * Stops accepting, lets requests under way finish for at most `graceMs`, then cuts what is left.
   */
  drain(graceMs: number): Promise<void>;
  /** Cuts every connection. */
  cut(): void;
}

export function createHttpListener(
  routes: readonly Route[],
  logger: Logger,
  observe: Observe,
): HttpListener {
  let draining = false;
  /** Every open connection, with how many requests it waits for. */
  const underWay = new Map<Socket, number>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const startedMs = performance.now();
    const aborted = new AbortController();
    const { path, query } = parseTarget(request.url ?? "");
    const route = routes.find((one) => one.matches(path));
    const { socket } = request;
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
    response.once("close", () => {
      if (!response.writableFinished) aborted.abort();
      const others = underWay.get(socket);
      if (others !== undefined) underWay.set(socket, others - 1);
      observe({
        route: route?.name ?? "none",
        method: request.method ?? "",
        status: response.headersSent ? response.statusCode : 499,
        seconds: (performance.now() - startedMs) / 1000,
      });
    });
    const answer = async (): Promise<Reply> => {
      checkHost(request);
      if (route === undefined) throw new HttpError(404, "not_found", `there is nothing at ${path}`);
      const handler =
        request.method === "HEAD" ? route.methods["GET"] : route.methods[request.method ?? ""];
      if (handler === undefined) throw methodNotAllowed(request.method ?? "", allowed(route));
      return await handler({ request, response, path, query, signal: aborted.signal });
    };
    answer()
      .catch((error: unknown) => errorReply(error, response, logger))
      .then((reply) => {
        if (!response.destroyed) write(request, response, reply, draining);
      })
      .catch((error: unknown) => {
        logger.error({ err: error }, "a reply could not be written");
        response.destroy();
      });
  };

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1000,
      noDelay: true,
    },
    handle,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("connection", (socket) => {
    underWay.set(socket, 0);
    socket.once("close", () => underWay.delete(socket));
  });
  // "100 Continue" is sent by whoever reads the body, so that a refusal can come first.
  server.on("checkContinue", handle);
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    write(
      request,
      response,
      refusal(
        new HttpError(
          417,
          "expectation_failed",
          `Expect: ${request.headers.expect ?? ""} is not understood; allowed: 100-continue`,
        ),
      ),
      true,
    );
  });
  server.on("clientError", refuseUnparsed);
  return {
    server,
    async drain(graceMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      // Not closeIdleConnections: it spares connections that never sent anything.
      for (const [socket, requests] of underWay) if (requests === 0) socket.destroy();
      await closed;
      clearTimeout(cut);
    },
    cut: () => server.closeAllConnections(),
  };
}

function allowed(route: Route): string {
  return Object.keys(route.methods)
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");
}

/**
 * A page of another site can make a browser send requests here under that site's name (DNS
 * rebinding): its Host tells.
 */
function checkHost({ headers: { host } }: IncomingMessage): void {
  if (host === undefined || host === "") return;
  const name = /^(?:\[(.*)\]|([^:]*))(?::[0-9]*)?$/.exec(host);
  if (!isLoopback(name?.[1] ?? name?.[2] ?? "")) {
    throw new HttpError(
      403,
      "forbidden_host",
      `Host: ${host} is not this server; allowed: localhost and loopback addresses`,
    );
  }
}

function refusal(error: HttpError): Reply {
  return json(error.status, { error: { code: error.code, message: error.message } }, error.headers);
}

function errorReply(error: unknown, response: ServerResponse, logger: Logger): Reply {
  const known = toHttpError(error);
  if (known !== undefined) return refusal(known);
  if (!response.destroyed) logger.error({ err: error }, "a request failed");
  return refusal(new HttpError(500, "internal", "the request failed; the server's log says more"));
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  last: boolean,
): void {
  const body = reply.body ?? "";
  const headers: Record<string, string | number> = { ...reply.headers };
  if (reply.status !== 304) {
    headers["content-length"] =
      typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  }
  // A client that still waits for "100 Continue" will not send the body that the connection would
  // have to get past.
  if (last || (request.headers.expect !== undefined && !request.complete)) {
    headers["connection"] = "close";
  }
  if (!request.complete) discardRest(request);
  response.writeHead(reply.status, headers).end(body);
}

/** Requests that the parser refused: no request object exists, so the answer is written by hand. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase, code, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [
          431,
          "Request Header Fields Too Large",
          "headers_too_large",
          `request line and headers are larger than ${MAX_HEADER_BYTES} bytes`,
        ]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "Request Timeout", "request_timeout", "the request did not arrive in time"]
        : [400, "Bad Request", "bad_request", "this is not an HTTP/1.1 request"];
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), HEADERS_TIMEOUT_MS).unref();
}
