// The dashboard of one node: its page at `/`, and what the page is sent: at once, or as server-sent
// events whenever something has changed.
import type { ServerResponse } from "node:http";
import { pageFile } from "@raftkit-app/dashboard";
import type { DashboardView, NodeView, RaftView } from "@raftkit-app/dashboard";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { HttpError, notReady } from "../errors.js";
import { pathOf } from "../target.js";

const LOOK_EVERY_MS = 250;
const RETRY_MS = 1000;
/** More than people look at a node. */
const STREAMS_MAX = 16;
const EVENT_STREAM = "text/event-stream; charset=utf-8";

export interface ViewSource {
  readonly id: string;
  /** The address of a node's API, as far as this one was told. */
  readonly httpAddress: (id: string) => string | undefined;
  /** Rejects while the node is being opened. */
  readonly raft: () => Promise<RaftView>;
}

export function dashboardRoutes(source: ViewSource): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    const streams = new Set<ServerResponse>();
    let isClosing = false;
    app.addHook("preClose", (closed) => {
      isClosing = true;
      for (const stream of streams) stream.end();
      closed();
    });
    for (const url of ["/", "/icon.svg", "/assets/:name"]) {
      app.route({
        method: "GET",
        url,
        config: { label: "page" },
        schema: { hide: true },
        handler: async ({ raw }, reply) => {
          const path = pathOf(raw.url ?? "");
          const file = await pageFile(path);
          if (!file) throw new HttpError(404, "not_found", `there is nothing at ${path}`);
          return reply.headers(file.headers).send(file.content);
        },
      });
    }
    app.route({
      method: "GET",
      url: "/v1/view",
      config: { label: "view" },
      schema: { hide: true },
      handler: async ({ headers, call, method }, reply) => {
        reply.header("cache-control", "no-store");
        const first = await source.raft();
        if (headers.accept?.includes("text/event-stream") !== true) return reply.send(first);
        if (isClosing) throw notReady("the node is closing");
        if (streams.size >= STREAMS_MAX) throw notReady("too many dashboards are open");
        if (method === "HEAD") return reply.type(EVENT_STREAM).send("");
        reply.hijack();
        const { raw } = reply;
        raw.writeHead(200, {
          "content-type": EVENT_STREAM,
          "cache-control": "no-store",
          connection: "close",
        });
        raw.write(`retry: ${RETRY_MS}\n`);
        streams.add(raw);
        follow(source, raw, call.signal, () => streams.delete(raw));
      },
    });
    done();
  };
}

/** Until the client is gone, or the server closes. Who doesn't read misses views, nothing else. */
function follow(
  source: ViewSource,
  stream: ServerResponse,
  signal: AbortSignal,
  over: () => void,
): void {
  let sent = "";
  const look = async (): Promise<void> => {
    if (stream.writableNeedDrain || stream.writableEnded) return;
    const text = JSON.stringify(await viewOf(source));
    if (text === sent || stream.writableEnded) return;
    sent = text;
    stream.write(`event: view\ndata: ${text}\n\n`);
  };
  const lookOrEnd = (): void => void look().catch(() => stream.destroy());
  const timer = setInterval(lookOrEnd, LOOK_EVERY_MS);
  lookOrEnd();
  const end = (): void => {
    clearInterval(timer);
    over();
  };
  signal.addEventListener("abort", end, { once: true });
  stream.once("close", end);
}

/** This node, and those that it knows of. */
async function viewOf({ id, httpAddress, raft }: ViewSource): Promise<DashboardView> {
  const own = await raft();
  const { voters = [], learners = [], outgoing = [] } = own.configuration ?? {};
  const others = [...voters, ...learners, ...outgoing].filter((other) => other !== id);
  const nodeOf = (of: string): Omit<NodeView, "raft" | "answers"> => ({
    id: of,
    process: null,
    http: httpAddress(of) ?? null,
  });
  return {
    cluster: null,
    nodes: [
      { ...nodeOf(id), answers: true, raft: own },
      ...[...new Set(others)].map((other) => ({ ...nodeOf(other), answers: false, raft: null })),
    ],
  };
}
