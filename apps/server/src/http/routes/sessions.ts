// /v1/sessions and /v1/sessions/{session}: opens and closes a session, whose writes are executed
// once under their Idempotency-Key.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { KvCalls } from "../../kv-calls.js";
import { refuseForeignPages } from "../foreign-pages.js";
import { refusals, sessionClosed, sessionOpened } from "../schemas/answers.js";
import { noQuery, sessionParams } from "../schemas/request.js";
import { SESSION_URL, sessionOf } from "../target.js";

export function sessionRoutes(
  calls: Pick<KvCalls, "openSession" | "closeSession">,
): FastifyPluginCallbackZod {
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
        // Its sessions would drive out others.
        refuseForeignPages(raw, "sessions are opened");
        const { session } = await calls.openSession({ signal: call.signal });
        reply.code(201).header("cache-control", "no-store");
        return { session };
      },
    });
    app.route({
      method: "DELETE",
      url: SESSION_URL,
      config: { label: "session" },
      preValidation: takeSession,
      schema: {
        summary: "Close a session",
        params: sessionParams,
        querystring: noQuery,
        response: { 204: sessionClosed, ...refusals(503, 504, 507) },
      },
      handler: async ({ params, call }, reply) => {
        await calls.closeSession(params.session, { signal: call.signal });
        return reply.code(204).send();
      },
    });
    done();
  };
}

/** Before it is checked: the router knows only what stands for every session. */
function takeSession(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  request.params = { session: sessionOf(request.originalUrl) };
  done();
}
