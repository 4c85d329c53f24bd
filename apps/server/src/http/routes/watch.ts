// /v1/watch: the changes behind an index, as server-sent events. Any node serves it from what it
// has applied. An event's id is its index, so that a client that was cut off goes on behind it, on
// whatever node.
import type { KvChange } from "@raftkit/kv";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { ServerResponse } from "node:http";
import { WatchEnded } from "raftkit";
import type { ChangeFeed, Changes, Watch } from "raftkit";
import type { KvCalls } from "../../kv-calls.js";
import { base64 } from "../base64.js";
import { errorBody, notReady, watchEnded } from "../errors.js";
import type { RequestLifecycle } from "../request-lifecycle.js";
import { events, refusals } from "../schemas/answers.js";
import { watchHeaders, watchQuery } from "../schemas/request.js";

/** An idle stream says how far it is: proxies keep it, and its client resumes near the present. */
const PROGRESS_MS = 10_000;
/** How long a browser waits before it comes again. */
const RETRY_MS = 1000;
const EVENT_STREAM = "text/event-stream; charset=utf-8";

export interface WatchSource {
  readonly calls: KvCalls;
  readonly changes: Pick<ChangeFeed<KvChange>, "watch" | "index">;
  /** Default: 10,000. */
  readonly progressMs?: number;
}

export function watchRoute(source: WatchSource): FastifyPluginCallbackZod {
  const { calls, changes, progressMs = PROGRESS_MS } = source;
  return (app, _options, done) => {
    const watches = new Set<Watch<KvChange>>();
    // Streams never end by themselves, and requests under way are waited for.
    let isClosing = false;
    app.addHook("preClose", (closed) => {
      isClosing = true;
      for (const watch of watches) void watch.return();
      closed();
    });
    app.route({
      method: "GET",
      url: "/v1/watch",
      config: { label: "watch" },
      schema: {
        summary: "Follow changes",
        querystring: watchQuery,
        headers: watchHeaders,
        response: { 200: events, ...refusals(410, 503) },
      },
      handler: async ({ query, headers, call, method }, reply) => {
        const { prefix = "" } = query;
        const { signal } = call;
        const after = headers["last-event-id"] ?? query.after ?? (await now(calls, signal));
        if (isClosing) throw notReady("the node is closing");
        const watch = changes.watch({
          after,
          progressMs,
          signal,
          ...(prefix !== "" && { filter: ({ key }: KvChange) => key.startsWith(prefix) }),
        });
        if (method === "HEAD") {
          await watch.return();
          return reply.type(EVENT_STREAM).send("");
        }
        watches.add(watch);
        reply.hijack();
        reply.raw.writeHead(200, {
          "content-type": EVENT_STREAM,
          "cache-control": "no-store",
          "x-accel-buffering": "no",
          // What is pipelined behind a stream would wait for ever.
          connection: "close",
        });
        // What isn't applied here yet may still be missing.
        const isApplied = after <= changes.index;
        const begin = isApplied ? asText({ index: after, events: [] }) : "";
        reply.raw.write(`retry: ${RETRY_MS}\n${begin}`);
        await follow(watch, reply.raw, call).finally(() => watches.delete(watch));
      },
    });
    done();
  };
}

/** Not as far as this node has got: a write that was acknowledged before must not be shown. */
async function now(calls: KvCalls, signal: AbortSignal): Promise<number> {
  return (await calls.read({ type: "size" }, { signal })).index;
}

/** Ends with the stream. What its client hasn't taken is one change, and what the socket holds. */
async function follow(
  watch: Watch<KvChange>,
  response: ServerResponse,
  call: RequestLifecycle,
): Promise<void> {
  let last: string;
  try {
    for await (const changes of watch) {
      if (!response.write(asText(changes))) await call.drained();
    }
    last = event("closing", { message: "the node is closing; resume at another one" });
  } catch (error) {
    if (!(error instanceof WatchEnded)) {
      response.destroy();
      if (call.signal.aborted) return;
      throw error;
    }
    last = event(error.reason, errorBody(watchEnded(error)));
  }
  if (response.destroyed) return;
  response.end(last);
  if (response.writableLength > 0) call.holdUnsent(response.writableLength);
  call.answered();
}

/** The id stands with the last one: behind it nothing of this index is missing. */
function asText({ index, events: changed }: Changes<KvChange>): string {
  const id = `id: ${index}\n`;
  if (changed.length === 0) return id + event("progress", { index });
  return changed
    .map((change, i) => {
      const { type, ...data } = change;
      const shown = "value" in data ? { ...data, value: base64(data.value) } : data;
      return (i === changed.length - 1 ? id : "") + event(type, shown);
    })
    .join("");
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
