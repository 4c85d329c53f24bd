// /v1/sessions: opens a session, whose writes are executed once under their Idempotency-Key.
import type { FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { KvCalls } from "../../kv-calls.js";
import { HttpError } from "../errors.js";
import { refusals, sessionOpened } from "../schemas/answers.js";
import { noQuery } from "../schemas/request.js";

export function sessionRoutes(calls: Pick<KvCalls, "openSession">): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.route({
      method: "POST",
      url: "/v1/sessions",
      config: { label: "sessions" },
      schema: {
        summary: "Open a session for writes with Idempotency-Key",
        querystring: noQuery,
        response: { 201: sessionOpened, ...refusals(403, 503, 504, 507) },
      },
      handler: async ({ call, raw }, reply) => {
        refuseForeignPages(raw);
        const { session } = await calls.openSession({ signal: call.signal });
        reply.code(201).header("cache-control", "no-store");
        return { session };
      },
    });
    done();
  };
}

/** Browsers send such a request for any page without asking first; its sessions would drive out others. */
function refuseForeignPages({ headers }: FastifyRequest["raw"]): void {
  const { origin, host } = headers;
  if (origin === undefined || origin === `http://${host}`) return;
  throw new HttpError(
    403,
    "forbidden_origin",
    `the request comes from a page of ${origin}; sessions are opened by programs, or by pages of this server`,
  );
}
