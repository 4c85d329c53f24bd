// A client of server-sent events for tests, which can also stop reading.
import { request } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { expect, onTestFinished } from "vitest";

export interface ServerEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

export interface EventStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly response: IncomingMessage;
  /** What has come, progress left out. */
  readonly events: readonly ServerEvent[];
  readonly all: readonly ServerEvent[];
  /** Of the last event that had one: what a browser would send when it comes again. */
  readonly lastId: string | undefined;
  /** The stream came to its end, not cut off. */
  readonly ended: boolean;
  readonly closed: boolean;
  until(holds: (stream: EventStream) => boolean): Promise<void>;
  cut(): void;
}

/** @param at `host:port` @param path from `/v1/watch` on */
export async function follow(
  at: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const sent = request({
    host: "127.0.0.1",
    port: Number(at.split(":").at(-1)),
    path,
    headers,
    agent: false,
  });
  sent.on("error", () => undefined);
  onTestFinished(() => void sent.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
    sent.end();
  });
  const all: ServerEvent[] = [];
  let text = "";
  let closed = false;
  response.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    all.push(...blocks.map(parseBlock));
  });
  response.on("error", () => undefined);
  response.on("close", () => (closed = true));
  const stream: EventStream = {
    status: response.statusCode ?? 0,
    headers: response.headers,
    response,
    all,
    get events() {
      return all.filter(({ event }) => event !== "progress");
    },
    get lastId() {
      return all.findLast(({ id }) => id !== undefined)?.id;
    },
    get ended() {
      return response.complete;
    },
    get closed() {
      return closed;
    },
    until: (holds) => expect.poll(() => holds(stream), { timeout: 20_000 }).toBe(true),
    cut: () => sent.destroy(),
  };
  return stream;
}

function parseBlock(block: string): ServerEvent {
  const lines = block.split("\n").map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  const fields = new Map(lines);
  return {
    event: fields.get("event") ?? "",
    id: fields.get("id"),
    data: JSON.parse(fields.get("data") ?? "null"),
  };
}

/** As `put a=1 @3`. */
export function shown({ event, data }: ServerEvent): string {
  const { key = "", value, index } = data as { key?: string; value?: string; index?: number };
  const text = value === undefined ? "" : `=${Buffer.from(value, "base64").toString()}`;
  return `${event} ${key}${text} @${index}`;
}
