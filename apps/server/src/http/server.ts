// The HTTP listener: a Fastify app whose requests wait for their turn on their connection, whose
// errors are JSON, and which drains. What clients may cost is bounded by its parts: connections,
// order, body, linger, unsent. It knows nothing of Raft. What a client sends can end its own
// connection, nothing else.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import fastify from "fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { Logger } from "raftkit";
import { isLoopback } from "../cli/addresses.js";
import type { HostPort } from "../cli/addresses.js";
import { sendAnswer } from "./answer.js";
import type { Payload } from "./answer.js";
import { createBodyReader } from "./body.js";
import { RequestLifecycle } from "./request-lifecycle.js";
import type { RequestOutcome } from "./request-lifecycle.js";
import { watchConnections } from "./connections.js";
import type { Connections, CutReason } from "./connections.js";
import { errorBody, HttpError, methodNotAllowed, toHttpError } from "./errors.js";
import { JSON_TYPE, toJson } from "./json.js";
import { defaultLimits } from "./limits.js";
import type { HttpLimits } from "./limits.js";
import { createHttpServer } from "./node-server.js";
import { describeRoutes } from "./routes/openapi.js";
import { checkQuery, pathOf, routedUrl } from "./target.js";
import { refuseUnparsed } from "./unparsed.js";
import { createUnsentAnswers } from "./unsent.js";
import type { UnsentAnswers } from "./unsent.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the route is called in metrics: from a fixed list, never from a request. */
    label?: string;
  }
}

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
  /**
   * @returns the port as bound
   * @throws the error of the system
   */
  listen(address: HostPort): Promise<number>;
  /** What it holds now. */
  usage(): Usage;
  /**
   * Accepts nothing more, closes what is idle, lets requests under way finish, cuts what is left
   * after `graceMs`.
   */
  drain(graceMs: number): Promise<void>;
  /** Cuts every connection at once. */
  cut(): void;
}

export interface ListenerOptions {
  readonly routes: readonly FastifyPluginCallbackZod[];
  readonly logger: Logger;
  readonly observer: Observer;
  readonly limits?: HttpLimits;
}

export function createHttpListener(options: ListenerOptions): HttpListener {
  let isDraining = false;
  const { app, connections, unsent } = createApp(options, () => isDraining);
  const { server } = app;
  return {
    async listen({ host, port }) {
      await app.ready();
      // Not `app.listen`, which takes "localhost" for several addresses.
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port, exclusive: true }, resolve);
      });
      return (server.address() as AddressInfo).port;
    },
    usage: () => ({
      connections: connections.count,
      requests: connections.requests,
      unsentBytes: unsent.bytes,
    }),
    async drain(graceMs) {
      isDraining = true;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      // Not closeIdleConnections: it spares connections that never sent anything.
      connections.closeIdle();
      await Promise.all([app.close(), closed]);
      clearTimeout(cut);
    },
    cut: () => server.closeAllConnections(),
  };
}

interface App {
  readonly app: FastifyInstance;
  readonly connections: Connections;
  readonly unsent: UnsentAnswers;
}

function createApp(
  { routes, logger, observer, limits = defaultLimits }: ListenerOptions,
  isDraining: () => boolean,
): App {
  const app = fastify({
    serverFactory: (handler) => createHttpServer(handler, limits),
    clientErrorHandler: (error, socket) =>
      refuseUnparsed(error, socket, connections.of(socket)?.owesAnswer ?? false, limits),
    rewriteUrl: ({ url = "" }) => routedUrl(url),
    // Requests under way are answered until the grace is over; what waits behind them is not done.
    return503OnClosing: false,
  });
  const connections = watchConnections(app.server, limits, (reason) => observer.cut(reason));
  const unsent = createUnsentAnswers(
    limits,
    (socket) => connections.of(socket)?.isWorking ?? false,
    (socket, reason) => {
      observer.cut(reason);
      socket.destroy();
    },
  );
  app.setValidatorCompiler(validatorCompiler);
  // Answers are not checked against their schemas.
  app.setSerializerCompiler(() => toJson);
  app.setReplySerializer(toJson);
  const known = knownRoutes(app);
  takeTurns(app, connections, unsent, limits, (url, over) =>
    observer.done({ ...over, route: known.get(pathOf(url))?.label ?? "none" }),
  );
  app.addHook("preValidation", ({ raw }, _reply, done) => {
    checkQuery(raw.url ?? "");
    done();
  });
  const context = { limits, isDraining };
  app.addHook("onSend", (request, reply, payload, done) =>
    sendAnswer(context, request, reply, payload as Payload, done),
  );
  app.setErrorHandler((error, _request, reply) => refuse(error, reply, logger));
  app.setNotFoundHandler(({ method, raw, originalUrl }) => {
    const found = known.get(pathOf(raw.url ?? ""));
    if (found !== undefined) throw methodNotAllowed(method, found.methods.join(", "));
    throw new HttpError(404, "not_found", `there is nothing at ${pathOf(originalUrl)}`);
  });
  describeRoutes(app);
  for (const route of routes) app.register(route);
  return { app, connections, unsent };
}

interface KnownRoute {
  readonly label: string;
  readonly methods: string[];
}

/** By the path that the router sees. */
function knownRoutes(app: FastifyInstance): ReadonlyMap<string, KnownRoute> {
  const known = new Map<string, KnownRoute>();
  app.addHook("onRoute", ({ url, method, config }) => {
    const { label = "none" } = config ?? {};
    const route = known.get(url) ?? { label, methods: [] };
    route.methods.push(...[method].flat());
    known.set(url, route);
  });
  return known;
}

/** A request begins when its turn on its connection has come. */
function takeTurns(
  app: FastifyInstance,
  connections: Connections,
  unsent: UnsentAnswers,
  limits: HttpLimits,
  over: (url: string, over: RequestOutcome) => void,
): void {
  const bodies = createBodyReader(limits);
  const foreignHost = createHostCheck();
  app.decorateRequest("call");
  // Bodies are read by the routes that want them, whatever their Content-Type says.
  for (const method of app.supportedMethods) app.addHttpMethod(method, { overrideExisting: true });
  app.addHook("onRequest", (request, reply, done) => {
    const { raw } = request;
    const connection = connections.of(raw.socket);
    if (connection === undefined) return void reply.raw.destroy();
    request.call = new RequestLifecycle(connection, raw, reply.raw, bodies, unsent);
    const start = (): void => done(foreignHost(raw));
    request.call.begin(start, (call) => over(raw.url ?? "", call));
  });
}

/**
 * A page of another site can make a browser send requests here under that site's name (DNS
 * rebinding): its Host tells.
 */
function createHostCheck(): (request: IncomingMessage) => HttpError | undefined {
  /** Most requests have the same. */
  let lastAllowed: string | undefined;
  return ({ headers: { host } }) => {
    if (host === lastAllowed || host === undefined || host === "") return undefined;
    const name = /^(?:\[(.*)\]|([^:]*))(?::[0-9]*)?$/.exec(host);
    if (isLoopback(name?.[1] ?? name?.[2] ?? "")) {
      lastAllowed = host;
      return undefined;
    }
    return new HttpError(
      403,
      "forbidden_host",
      `Host: ${host} is not this server; allowed: localhost and loopback addresses`,
    );
  };
}

function refuse(error: unknown, reply: FastifyReply, logger: Logger): void {
  const known = toHttpError(error);
  if (known === undefined && !reply.raw.destroyed) logger.error({ err: error }, "a request failed");
  const refused =
    known ?? new HttpError(500, "internal", "the request failed; the server's log says more");
  // As text: Fastify gives its 404 route no reply serializer.
  reply
    .code(refused.status)
    .headers(refused.headers)
    .type(JSON_TYPE)
    .send(toJson(errorBody(refused)));
}
