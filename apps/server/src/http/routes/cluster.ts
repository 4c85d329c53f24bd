// /v1/cluster/*: what an operator asks of this node, or, through it, of the cluster.
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { KvNode } from "../../kv-calls.js";
import { refuseForeignPages } from "../foreign-pages.js";
import { jsonBody } from "../json-body.js";
import { refusals, snapshot, transferred } from "../schemas/answers.js";
import { transferBody } from "../schemas/cluster.js";
import { noQuery } from "../schemas/request.js";

type ClusterNode = Pick<KvNode, "snapshot" | "transferLeadership">;

/** @param node throws while there is none */
export function clusterRoutes(node: () => ClusterNode): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.route({
      method: "POST",
      url: "/v1/cluster/snapshot",
      config: { label: "snapshot" },
      schema: {
        summary: "Take a snapshot of this node's state, and compact its log",
        querystring: noQuery,
        response: { 200: snapshot, ...refusals(403, 503) },
      },
      handler: async ({ raw }) => {
        refuseForeignPages(raw, "snapshots are asked for");
        return node().snapshot();
      },
    });
    app.route({
      method: "POST",
      url: "/v1/cluster/transfer",
      config: { label: "transfer" },
      schema: {
        summary: "Transfer the leadership to another node",
        querystring: noQuery,
        describedJson: transferBody,
        response: { 200: transferred, ...refusals(403, 404, 409, 503, 504) },
      },
      handler: async ({ raw, call }) => {
        refuseForeignPages(raw, "transfers are asked for");
        const { to } = await jsonBody(call, transferBody);
        return node().transferLeadership(to ?? null, { signal: call.signal });
      },
    });
    done();
  };
}
