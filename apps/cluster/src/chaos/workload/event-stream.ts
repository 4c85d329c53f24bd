// One connection to `GET /v1/watch`: server-sent events as they come, until the stream ends, is
// cut, falls silent, or is left.
import { request } from "node:http";
import type { IncomingMessage } from "node:http";

export interface ServerEvent {
  readonly event: string;
  readonly id: number | undefined;
  readonly data: unknown;
}

/** What became of a stream. */
export type StreamEnd =
  /** It never began; `code`: what the node answered instead, if it did. */
  | { readonly kind: "refused"; readonly status: number | undefined; readonly code: string }
  /** The node ended it, after its last event, or it was cut off, silent, or left. */
  | { readonly kind: "over" };

export interface StreamOptions {
  /** `host:port`. */
  readonly address: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream that brings nothing for so long is left. */
  readonly silenceMs: number;
  /** Aborted: it is left now. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: ServerEvent) => void;
}

/** Never rejects: what went wrong is an end like any other. */
export async function followStream(options: StreamOptions): Promise<StreamEnd> {
  const { address, path, headers = {}, silenceMs, signal } = options;
  const [host, port] = address.split(":");
  const sent = request({ host, port, path, headers, agent: false, signal });
  const silence = setTimeout(() => sent.destroy(), silenceMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve).on("error", reject).end();
    });
    const isStream = response.headers["content-type"]?.startsWith("text/event-stream") ?? false;
    if (response.statusCode !== 200 || !isStream) return await refusalOf(response);
    for await (const event of eventsOf(response, () => silence.refresh())) options.onEvent(event);
    return { kind: "over" };
  } catch {
    // Cut off or left; the reason makes no difference to whoever goes on elsewhere.
    return { kind: "over" };
  } finally {
    clearTimeout(silence);
    sent.destroy();
  }
}

/** An event counts once its empty line is there. */
async function* eventsOf(
  response: AsyncIterable<Buffer>,
  onBytes: () => void,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response) {
    onBytes();
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) yield parseEvent(block);
  }
}

function parseEvent(block: string): ServerEvent {
  const fields = new Map(
    block.split("\n").map((line): [string, string] => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const id = fields.get("id");
  return {
    event: fields.get("event") ?? "",
    id: id === undefined ? undefined : Number(id),
    data: JSON.parse(fields.get("data") ?? "null"),
  };
}

async function refusalOf(response: IncomingMessage): Promise<StreamEnd> {
  let body = "";
  for await (const chunk of response) body += String(chunk);
  const code = /"code":"([a-z_]{1,40})"/.exec(body)?.[1] ?? "no code";
  return { kind: "refused", status: response.statusCode, code };
}
