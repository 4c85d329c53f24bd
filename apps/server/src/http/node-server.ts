// The node:http server below Fastify: its limits, and what it decides before there is a request.
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { errorBody, HttpError } from "./errors.js";
import { JSON_TYPE, toJson } from "./json.js";
import type { HttpLimits } from "./limits.js";

export function createHttpServer(handler: RequestListener, limits: HttpLimits): Server {
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
    noDelay: true,
  });
  server.on("request", handler);
  // "100 Continue" is sent by whoever reads the body, so that a refusal can come first.
  server.on("checkContinue", handler);
  server.on("checkExpectation", ({ headers }: IncomingMessage, response: ServerResponse) => {
    const refused = new HttpError(
      417,
      "expectation_failed",
      `Expect: ${headers.expect ?? ""} is not understood; allowed: 100-continue`,
    );
    response
      .writeHead(refused.status, {
        "content-type": JSON_TYPE,
        connection: "close",
      })
      .end(toJson(errorBody(refused)));
  });
  return server;
}
