// /v1/status: the node's own picture of itself, and where to find the leader over HTTP.
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { NodeStatus } from "raftkit";
import { notReady } from "../errors.js";
import { refusals, status as statusAnswer } from "../schemas/answers.js";
import { noQuery } from "../schemas/request.js";

export interface StatusSource {
  status(): NodeStatus | undefined;
  /** The HTTP address of a node, as far as this one was told. */
  httpAddress(id: string): string | undefined;
}

export function statusRoute(source: StatusSource): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.route({
      method: "GET",
      url: "/v1/status",
      config: { label: "status" },
      schema: {
        summary: "The node's view of itself",
        querystring: noQuery,
        response: { 200: statusAnswer, ...refusals(503) },
      },
      handler: (_request, reply) => {
        const status = source.status();
        if (status === undefined) throw notReady("the node is starting");
        const { id, leaderId, configuration = null } = status;
        const http = source.httpAddress(id) ?? null;
        const leaderHttp = leaderId === null ? null : (source.httpAddress(leaderId) ?? null);
        reply.header("cache-control", "no-store");
        reply.send({ ...status, configuration, http, leaderHttp });
      },
    });
    done();
  };
}
