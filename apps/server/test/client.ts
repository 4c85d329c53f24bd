// An HTTP client for tests that sends exactly the target it is given: fetch would fold "." and ".."
// in it.
import { request } from "node:http";
import type { IncomingHttpHeaders, RequestOptions } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

/** @param at `host:port` */
export function send(
  at: string,
  method: string,
  path: string,
  { headers = {}, body, signal }: Sent = {},
): Promise<Answer> {
  const options: RequestOptions = {
    host: "127.0.0.1",
    port: Number(at.split(":").at(-1)),
    method,
    path,
    headers,
    agent: false,
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export function keyPath(key: string): string {
  return `/v1/kv/${encodeURIComponent(key)}`;
}

export function parsed(answer: Answer): unknown {
  return JSON.parse(answer.body.toString());
}

/** The `error.code` of an answer. */
export function errorCode(answer: Answer): unknown {
  const value = parsed(answer);
  return typeof value === "object" &&
    value !== null &&
    "error" in value &&
    typeof value.error === "object" &&
    value.error !== null &&
    "code" in value.error
    ? value.error.code
    : undefined;
}

export interface Raw {
  readonly socket: Socket;
  /** Resolves with all that was received, once it matches. */
  until(pattern: RegExp): Promise<string>;
  readonly closed: Promise<void>;
}

/** A bare connection, for what no client library would send. */
export async function raw(at: string): Promise<Raw> {
  const socket = connect({ host: "127.0.0.1", port: Number(at.split(":").at(-1)) });
  let received = "";
  let look = (): void => undefined;
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    look();
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  await new Promise<void>((resolve) => void socket.once("connect", () => resolve()));
  return {
    socket,
    closed,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(received)) resolve(received);
        };
        look();
        void closed.then(() => reject(new Error(`closed after ${JSON.stringify(received)}`)));
      }),
  };
}
