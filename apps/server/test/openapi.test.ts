// The OpenAPI document: it names every route, and the answers are what it says.
import { expect, onTestFinished, test } from "vitest";
import { NotProposed } from "raftkit";
import type { z } from "zod";
import {
  health,
  page,
  refused,
  sessionOpened,
  status,
  written,
} from "../src/http/schemas/answers.js";
import { members } from "../src/http/schemas/cluster.js";
import { startServer } from "../src/server.js";
import { parsed, raw, send } from "./client.js";
import type { Answer } from "./client.js";
import { recordingLogger } from "./fixture.js";
import { settingsFor, start } from "./start.js";

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>
    >
  >;
}

test("it names every route with its methods, and every reference in it leads somewhere", async () => {
  const { http } = await start();
  const answer = await send(http, "GET", "/v1/openapi.json");
  const text = answer.body.toString();
  const { openapi, paths } = parsed(answer) as Document;
  expect(openapi).toBe("3.1.0");
  const methods = Object.entries(paths).map(([path, of]) => [path, Object.keys(of).join(" ")]);
  expect(Object.fromEntries(methods)).toEqual({
    "/v1/kv/{key}": "get put delete",
    "/v1/kv": "get",
    "/v1/watch": "get",
    "/v1/sessions": "post",
    "/v1/sessions/{session}": "delete",
    "/v1/status": "get",
    "/v1/cluster/snapshot": "post",
    "/v1/cluster/transfer": "post",
    "/v1/cluster/members": "get post",
    "/metrics": "get",
    "/healthz": "get",
    "/readyz": "get",
  });
  for (const [path, of] of Object.entries(paths)) {
    const allowed = (await send(http, "PATCH", path)).headers.allow?.toLowerCase();
    expect([path, allowed]).toEqual([path, Object.keys(of).join(", ").replace("get", "get, head")]);
  }
  for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]*)"/g)) {
    let at: unknown = parsed(answer);
    for (const name of pointer.split("/")) at = (at as Record<string, unknown>)[name];
    expect(at).toBeTypeOf("object");
  }
});

test("parameters and bodies are those that the routes check", async () => {
  const { http } = await start();
  const document = parsed(await send(http, "GET", "/v1/openapi.json"));
  expect(document).toMatchObject({
    paths: {
      "/v1/kv/{key}": {
        put: {
          requestBody: { content: { "application/octet-stream": {} } },
          parameters: expect.arrayContaining([
            expect.objectContaining({ in: "path", name: "key", required: true }),
            expect.objectContaining({ in: "header", name: "if-match", required: false }),
          ]),
        },
      },
      "/v1/sessions/{session}": {
        delete: {
          parameters: [
            expect.objectContaining({
              in: "path",
              name: "session",
              required: true,
              schema: expect.objectContaining({ type: "integer", minimum: 1 }),
            }),
          ],
          responses: expect.objectContaining({ 204: expect.anything() }),
        },
      },
      "/v1/kv": {
        get: {
          parameters: expect.arrayContaining([
            expect.objectContaining({
              in: "query",
              name: "limit",
              schema: expect.objectContaining({ type: "integer", minimum: 1, maximum: 1000 }),
            }),
            expect.objectContaining({
              in: "query",
              name: "consistency",
              schema: expect.objectContaining({ enum: ["linearizable", "lease", "local"] }),
            }),
          ]),
        },
      },
      "/v1/cluster/transfer": {
        post: {
          requestBody: {
            content: { "application/json": { schema: { properties: { to: expect.anything() } } } },
          },
        },
      },
    },
  });
});

test("what a server answers is what the document says", async () => {
  const server = await startServer({
    settings: settingsFor("--storage=memory", "--transport=memory"),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  const { http } = server;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  const { paths } = parsed(await send(http, "GET", "/v1/openapi.json")) as Document;
  const steps: readonly (readonly [method: string, path: string, status: number, z.ZodType])[] = [
    ["PUT", "/v1/kv/a", 201, written],
    ["PUT", "/v1/kv/a", 200, written],
    ["GET", "/v1/kv", 200, page],
    ["DELETE", "/v1/kv/a", 200, written],
    ["DELETE", "/v1/kv/a", 404, refused],
    ["GET", "/v1/kv/a", 404, refused],
    ["GET", "/v1/kv?limit=0", 400, refused],
    ["GET", "/nothing", 404, refused],
    ["POST", "/v1/sessions", 201, sessionOpened],
    ["POST", "/v1/sessions?a=1", 400, refused],
    ["DELETE", "/v1/sessions/none", 400, refused],
    ["POST", "/v1/status", 405, refused],
    ["GET", "/v1/status", 200, status],
    ["GET", "/v1/cluster/members", 200, members],
    ["POST", "/v1/cluster/members", 400, refused],
    ["GET", "/healthz", 200, health],
    ["GET", "/readyz", 200, health],
  ];
  for (const [method, path, expected, schema] of steps) {
    const answer: Answer = await send(http, method, path, method === "PUT" ? { body: "1" } : {});
    expect([method, path, answer.status]).toEqual([method, path, expected]);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.body.toString()).toMatch(/^[^\n]*\n$/);
    expect([path, schema.safeParse(parsed(answer)).error]).toEqual([path, undefined]);
    const route = path
      .replace(/\?.*/, "")
      .replace("/v1/kv/a", "/v1/kv/{key}")
      .replace(/sessions\/.*/, "sessions/{session}");
    const responses = paths[route]?.[method.toLowerCase()]?.responses ?? { default: {} };
    if (expected < 300) expect(Object.keys(responses)).toContain(String(expected));
    else expect(Object.keys(responses)).toContain("default");
  }
});

test("every refusal of a write is named", async () => {
  const { http, node } = await start();
  const { paths } = parsed(await send(http, "GET", "/v1/openapi.json")) as Document;
  for (const reason of ["noLeader", "overloaded", "tooLarge", "logFull", "diskFull"] as const) {
    node.proposes = () => Promise.reject(new NotProposed(reason, "no"));
    const answer = await send(http, "PUT", "/v1/kv/a", { body: "1" });
    expect(refused.safeParse(parsed(answer)).success).toBe(true);
    expect(Object.keys(paths["/v1/kv/{key}"]?.["put"]?.responses ?? {})).toContain(
      String(answer.status),
    );
  }
});

test("an answer that needs no waiting, as this one, leaves the connection open", async () => {
  const { http } = await start();
  const client = await raw(http);
  onTestFinished(() => void client.socket.destroy());
  const request = "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.socket.write(request);
  const first = await client.until(/\}\n$/);
  expect(first).not.toMatch(/connection: close/i);
  client.socket.write(request);
  await client.until(/\}\n[^]*\}\n$/);
});
