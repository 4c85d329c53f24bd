// /v1/status: the node's own picture of itself, and where to find the leader over HTTP.
import type { NodeStatus } from "raftkit";
import { json } from "../exchange.js";
import type { Route } from "../exchange.js";
import { notReady } from "../errors.js";
import { parseQuery } from "../target.js";

export interface StatusSource {
  status(): NodeStatus | undefined;
  /** The HTTP address of a node, as far as this one was told. */
  httpAddress(id: string): string | undefined;
}

export function statusRoute(source: StatusSource): Route {
  return {
    name: "status",
    matches: (path) => path === "/v1/status",
    methods: {
      GET: ({ query }) => {
        parseQuery(query, []);
        const status = source.status();
        if (status === undefined) throw notReady("the node is starting");
        const { id, leaderId, configuration = null } = status;
        const http = source.httpAddress(id) ?? null;
        const leaderHttp = leaderId === null ? null : (source.httpAddress(leaderId) ?? null);
        return json(
          200,
          { ...status, configuration, http, leaderHttp },
          { "cache-control": "no-store" },
        );
      },
    },
  };
}
