// One HTTP request to a node, and which of three things became of it: an answer, certainly nothing,
// or nobody knows.
import { Agent, request } from "node:http";

export type Reply =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly etag: number | undefined;
      /** `Raft-Index`: of the write, or of the state that answered. */
      readonly index?: number | undefined;
      readonly body: string;
    }
  /** It was not carried out: no connection, or the node said so (503; 507: its log is full). */
  | { readonly kind: "refused"; readonly why: string }
  /** It may have been carried out, or may yet be. */
  | { readonly kind: "unknown"; readonly why: string };

export interface Call {
  readonly method: "GET" | "PUT" | "DELETE" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Caller {
  call(address: string, call: Call): Promise<Reply>;
  close(): void;
}

export function createCaller(timeoutMs: number): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    call: (address, call) => send(agent, address, call, timeoutMs),
    close: () => agent.destroy(),
  };
}

function send(
  agent: Agent,
  address: string,
  { method, path, headers = {}, body }: Call,
  timeoutMs: number,
): Promise<Reply> {
  return new Promise((resolve) => {
    const [host, port] = address.split(":");
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = request({ agent, host, port, method, path, headers: { ...headers, ...length } });
    let connected = false;
    const end = (reply: Reply): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    const fail = (why: string): void => end({ kind: connected ? "unknown" : "refused", why });
    const timer = setTimeout(() => {
      fail("timeout");
      sent.destroy();
    }, timeoutMs);
    sent.on("socket", (socket) => {
      if (!socket.connecting) connected = true;
      else socket.once("connect", () => (connected = true));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("close", () => {
        if (!response.complete) return fail("cut off");
        const text = Buffer.concat(chunks).toString();
        const status = response.statusCode ?? 0;
        if (status === 503 || status === 507) end({ kind: "refused", why: errorCode(text) });
        else if (status === 504) end({ kind: "unknown", why: errorCode(text) });
        else {
          const { etag, "raft-index": index } = response.headers;
          const known = { etag: etagOf(etag), index: index ? Number(index) : undefined };
          end({ kind: "answer", status, ...known, body: text });
        }
      });
    });
    sent.end(body);
  });
}

function etagOf(header: string | undefined): number | undefined {
  const digits = /^"(\d+)"$/.exec(header ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function errorCode(body: string): string {
  return /"code":"([a-z_]{1,40})"/.exec(body)?.[1] ?? "no code";
}
