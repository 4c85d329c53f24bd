// The dashboard's page, and the stream of what it shows, on the control port.
import { pageFile } from "@raftkit-app/dashboard";
import type { Hono } from "hono";
import type { DashboardFeed } from "./feed.js";

const RETRY_MS = 1000;
/** What a reader that doesn't read may leave waiting, in events. */
const WAITING_MAX = 16;

export function addPage(app: Hono, feed: DashboardFeed): void {
  for (const path of ["/", "/icon.svg", "/assets/:name"]) {
    app.get(path, async (context) => {
      const file = await pageFile(context.req.path);
      if (file) return new Response(new Uint8Array(file.content), { headers: file.headers });
      return path === "/"
        ? context.text("The dashboard isn't built: run npm run build.\n", 404)
        : context.notFound();
    });
  }
  app.get("/v1/view", () => {
    const headers = {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
    };
    return new Response(streamOf(feed), { headers });
  });
}

function streamOf(feed: DashboardFeed): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let end = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let last = "";
        const send = (event: string, data: string): void =>
          controller.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\n\n`));
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n`));
        send("history", JSON.stringify(feed.happenings));
        end = feed.watch({
          view(view) {
            const text = JSON.stringify(view);
            // Who doesn't read misses views; the next one says it all.
            if (text === last || (controller.desiredSize ?? 0) <= 0) return;
            last = text;
            send("view", text);
          },
          happened: (happenings) => send("happened", JSON.stringify(happenings)),
        });
      },
      cancel: () => end(),
    },
    { highWaterMark: WAITING_MAX },
  );
}
