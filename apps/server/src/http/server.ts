// The HTTP listener: finds the route, calls it when the request's turn has come, writes its reply,
// turns errors into JSON, and drains. What clients may cost is bounded by its parts: connections,
// order, body, linger, unsent. It knows nothing of Raft. What a client sends can end its own
// connection, nothing else.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "raftkit";
import { isLoopback } from "../cli/addresses.js";
import { createBodyReader } from "./body.js";
import { watchConnections } from "./connections.js";
import type { Connection, CutReason } from "./connections.js";
import { HttpError, methodNotAllowed, toHttpError } from "./errors.js";
import { json } from "./exchange.js";
import type { Reply, Route } from "./exchange.js";
import { defaultLimits } from "./limits.js";
import type { HttpLimits } from "./limits.js";
import { discardRest } from "./linger.js";
import { parseTarget } from "./target.js";
import { refuseUnparsed } from "./unparsed.js";
import { createUnsentAnswers } from "./unsent.js";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * The largest answer to a request whose body is still coming that lets it come: all that refuse one
 * are smaller. Larger ones count as unsent, and end the connection.
 */
const LINGER_ANSWER_BYTES = 4096;

/** What happens at the listener: for metrics. */
export interface Observer {
  /** Told once for each request that was answered or given up. */
  done(request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  /** A connection was closed, or not let in, because of a bound. */
  cut(reason: CutReason): void;
}

export interface Usage {
  readonly connections: number;
  /** Under way, those that wait for their turn included. */
  readonly requests: number;
  /** Of answers that their clients haven't taken yet. */
  readonly unsentBytes: number;
}

export interface HttpListener {
  readonly server: Server;
  /** What it holds now. */
  usage(): Usage;
  /**
   * Stops accepting, lets requests under way finish for at most `graceMs`, then cuts what is left.
   */
  drain(graceMs: number): Promise<void>;
  /** Cuts every connection. */
  cut(): void;
}

export interface ListenerOptions {
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly observer: Observer;
  readonly limits?: HttpLimits;
}

export function createHttpListener({
  routes,
  logger,
  observer,
  limits = defaultLimits,
}: ListenerOptions): HttpListener {
  let draining = false;
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
    noDelay: true,
  });
  const connections = watchConnections(server, limits, (reason) => observer.cut(reason));
  const bodies = createBodyReader(limits);
  const unsent = createUnsentAnswers(
    limits,
    (socket) => connections.of(socket)?.isWorking ?? false,
    (socket, reason) => {
      observer.cut(reason);
      socket.destroy();
    },
  );

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.of(request.socket);
    if (connection === undefined) return void response.destroy();
    const startedMs = performance.now();
    const aborted = new AbortController();
    const { path, query } = parseTarget(request.url ?? "");
    const method = request.method ?? "";
    const route = routes.find((one) => one.matches(path));
    let told = request.headers.expect === undefined;
    const releases: (() => void)[] = [() => unsent.release(response)];
    const end = (): void => {
      response.off("close", end);
      if (!response.writableFinished) aborted.abort();
      for (const release of releases) release();
      observer.done({
        route: route?.name ?? "none",
        method,
        status: response.headersSent ? response.statusCode : 499,
        seconds: (performance.now() - startedMs) / 1000,
      });
    };
    const answer = async (): Promise<Reply> => {
      checkHost(request);
      if (route === undefined) throw new HttpError(404, "not_found", `there is nothing at ${path}`);
      const handler = route.methods[method === "HEAD" ? "GET" : method];
      if (handler === undefined) throw methodNotAllowed(method, allowed(route));
      return await handler({
        headers: request.headers,
        path,
        query,
        signal: aborted.signal,
        async body(maxBytes) {
          working();
          const start = (): void => {
            if (!told) response.writeContinue();
            told = true;
          };
          try {
            return await bodies.read(request, maxBytes, start, (give) => releases.push(give));
          } finally {
            working = connection.work();
          }
        },
      });
    };
    let working = (): void => undefined;
    const run = (): void => {
      // Behind an answer that closes the connection: its client takes it for not done.
      if (request.socket.destroyed || request.socket.writableEnded) return;
      working = connection.work();
      answer()
        .catch((error: unknown) => errorReply(error, response, logger))
        .then((reply) => {
          if (!response.destroyed) write(connection, request, response, reply, told);
        })
        .catch((error: unknown) => {
          logger.error({ err: error }, "a reply could not be written");
          response.destroy();
        })
        .finally(() => working());
    };
    response.once("close", end);
    releases.push(connection.begin(end, () => !request.complete && !response.headersSent));
    releases.push(connection.order.enter(SAFE_METHODS.has(method), run));
    connection.stopReadingIfFull();
  };

  /** @param told whether the client sends its body: it waits for no "100 Continue", or had it */
  const write = (
    { socket }: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    { status, headers, body = "" }: Reply,
    told: boolean,
  ): void => {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const rest = !request.complete;
    const lingers = rest && told && bytes.byteLength <= LINGER_ANSWER_BYTES;
    response.writeHead(status, {
      ...headers,
      ...(status !== 304 && { "content-length": bytes.byteLength }),
      ...((draining || (rest && !lingers)) && { connection: "close" }),
    });
    if (!lingers || headers?.["connection"] === "close") {
      unsent.send(response, socket, bytes);
      return;
    }
    // All of the answer now; its end, which may close the connection, when the body has come.
    response.flushHeaders();
    if (request.method !== "HEAD" && status !== 304) response.write(bytes);
    discardRest(request, limits, (complete) => {
      if (complete) response.end();
      else socket.destroySoon();
    });
  };

  server.on("request", handle);
  // "100 Continue" is sent by whoever reads the body, so that a refusal can come first.
  server.on("checkContinue", handle);
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    const refused = refusal(
      new HttpError(
        417,
        "expectation_failed",
        `Expect: ${request.headers.expect ?? ""} is not understood; allowed: 100-continue`,
        { connection: "close" },
      ),
    );
    response.writeHead(refused.status, refused.headers).end(refused.body);
  });
  server.on("clientError", (error, socket: Socket) =>
    refuseUnparsed(error, socket, connections.of(socket)?.owesAnswer ?? false, limits),
  );
  return {
    server,
    usage: () => ({
      connections: connections.count,
      requests: connections.requests,
      unsentBytes: unsent.bytes,
    }),
    async drain(graceMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      // Not closeIdleConnections: it spares connections that never sent anything.
      connections.closeIdle();
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
