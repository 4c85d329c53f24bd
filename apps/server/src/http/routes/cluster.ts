// /v1/cluster/*: what an operator asks of this node.
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { SnapshotStatus } from "raftkit";
import { refuseForeignPages } from "../foreign-pages.js";
import { refusals, snapshot } from "../schemas/answers.js";
import { noQuery } from "../schemas/request.js";

export interface ClusterActions {
  /** Takes a snapshot of this node's state. */
  snapshot(): Promise<SnapshotStatus>;
}

export function clusterRoutes(actions: ClusterActions): FastifyPluginCallbackZod {
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
      handler: ({ raw }) => {
        refuseForeignPages(raw, "snapshots are asked for");
        return actions.snapshot();
      },
    });
    done();
  };
}
