// Keys for the dashboard, on the control port: what is asked for is passed on to a node that works,
// for the page may ask no other server than its own.
import type { Hono } from "hono";
import { ClusterError } from "../errors.js";
import type { DashboardFeed } from "./feed.js";
import { askStatus, latestLeader } from "../supervisor/node-status.js";
import type { Supervisor } from "../supervisor/supervisor.js";

const FROM_CLIENT = ["accept", "if-match", "if-none-match", "last-event-id"];
const FROM_NODE = ["content-type", "etag", "raft-index", "retry-after"];

export function addKeys(app: Hono, nodes: Supervisor["nodes"], feed: DashboardFeed): void {
  app.on(["GET", "PUT", "DELETE"], ["/v1/kv", "/v1/kv/*", "/v1/watch"], async ({ req }) => {
    const { url, method } = req;
    const { pathname, search } = new URL(url);
    const body = method === "PUT" ? await req.arrayBuffer() : undefined;
    const http = await whoWorks(nodes);
    const answer = await fetch(`http://${http}${pathname}${search}`, {
      method,
      headers: picked(req.raw.headers, FROM_CLIENT),
      ...(body && { body }),
    }).catch((cause: unknown) => {
      throw new ClusterError("UNREACHABLE", "the node that was asked doesn't answer", {
        status: 502,
        cause,
      });
    });
    const headers = { ...picked(answer.headers, FROM_NODE), "cache-control": "no-store" };
    const isStream = pathname === "/v1/watch" && answer.ok && answer.body;
    const content = isStream ? untilAnotherLeads(isStream, http, feed) : answer.body;
    return new Response(content, { status: answer.status, headers });
  });
}

/** A node that is cut off hears of no change: the page asks again, and is passed on to the leader. */
function untilAnotherLeads(
  stream: ReadableStream<Uint8Array>,
  http: string,
  feed: DashboardFeed,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel().catch(() => {});
  const forget = feed.watch({
    view() {
      const { leader } = feed;
      if (leader !== undefined && leader !== http) cancel();
    },
    happened: () => {},
  });
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (value) controller.enqueue(value);
      if (!done) return;
      forget();
      controller.close();
    },
    cancel() {
      forget();
      cancel();
    },
  });
}

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

/** The address of the leader, or of another node that answers. @throws {ClusterError} */
async function whoWorks(nodes: Supervisor["nodes"]): Promise<string> {
  const running = nodes().filter(({ state }) => state === "running");
  const statuses = await Promise.all(running.map(({ place }) => askStatus(place.http)));
  const leader = latestLeader(statuses);
  const answering = running.filter((_, i) => statuses[i] !== undefined);
  const chosen = answering.find(({ place }) => place.id === leader?.id) ?? answering[0];
  if (chosen) return chosen.place.http;
  throw new ClusterError("NOT_RUNNING", "no node answers; start one first", { status: 503 });
}
