// /v1/kv and /v1/kv/{key}: keys and values over HTTP. The key is everything behind "/v1/kv/",
// percent-decoded once.
import { deleteCommand, putCommand } from "@raftkit/kv";
import type { KvResult } from "@raftkit/kv";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { KvCalls } from "../../compose.js";
import { isUnchanged, writeCondition } from "../conditions.js";
import { etag } from "../etag.js";
import { HttpError } from "../errors.js";
import { bytes, page, refusals, unchanged, written } from "../schemas/answers.js";
import {
  itemParams,
  itemQuery,
  listQuery,
  noQuery,
  readHeaders,
  valueBody,
  writeHeaders,
} from "../schemas/request.js";
import { base64 } from "../base64.js";
import { ITEM_URL, keyOf } from "../target.js";
import { createTurns } from "../event-loop-turns.js";
import type { NextTurn } from "../event-loop-turns.js";

export interface KvLimits {
  /** Awaited before a page is put into JSON. Default: one a turn of the event loop. */
  readonly turn?: NextTurn;
  readonly maxValueBytes: number;
}

export function kvRoutes(calls: KvCalls, limits: KvLimits): FastifyPluginCallbackZod {
  const { turn = createTurns(), maxValueBytes } = limits;
  return (app, _options, done) => {
    const item = { url: ITEM_URL, config: { label: "kv_item" }, preValidation: takeKey };
    app.route({
      ...item,
      method: "GET",
      schema: {
        summary: "Read a value",
        params: itemParams,
        querystring: itemQuery,
        headers: readHeaders,
        response: { 200: bytes, 304: unchanged, ...refusals(404, 503) },
      },
      handler: async ({ params, headers, call }, reply) => {
        const answer = await calls.read({ type: "get", key: params.key }, { signal: call.signal });
        if (answer.type !== "get" || answer.entry === null) throw noSuchKey();
        const { value, index } = answer.entry;
        reply.header("etag", etag(index)).header("cache-control", "no-cache");
        if (isUnchanged(headers, index)) return reply.code(304).send();
        // A value is somebody's bytes: a browser must never take them for a page of this server.
        reply.header("content-type", "application/octet-stream");
        reply.header("x-content-type-options", "nosniff");
        return value;
      },
    });
    app.route({
      ...item,
      method: "PUT",
      schema: {
        summary: "Create or replace a value",
        params: itemParams,
        querystring: noQuery,
        headers: writeHeaders,
        describedBody: valueBody,
        response: { 200: written, 201: written, ...refusals(412, 413, 501, 503, 504, 507) },
      },
      handler: async ({ params, headers, call, raw }, reply) => {
        refuseIdempotencyKey(raw);
        const condition = writeCondition(headers);
        const value = await call.body(maxValueBytes);
        const { index, previousIndex } = succeeded(
          await calls.propose(putCommand(params.key, value, condition), { signal: call.signal }),
        );
        reply.code(previousIndex === null ? 201 : 200).header("etag", etag(index));
        return { index };
      },
    });
    app.route({
      ...item,
      method: "DELETE",
      schema: {
        summary: "Delete a value",
        params: itemParams,
        querystring: noQuery,
        headers: writeHeaders,
        response: { 200: written, ...refusals(404, 412, 501, 503, 504, 507) },
      },
      handler: async ({ params, headers, call, raw }) => {
        refuseIdempotencyKey(raw);
        const command = deleteCommand(params.key, writeCondition(headers));
        const { index, previousIndex } = succeeded(
          await calls.propose(command, { signal: call.signal }),
        );
        if (previousIndex === null) throw noSuchKey();
        return { index };
      },
    });
    app.route({
      method: "GET",
      url: "/v1/kv",
      config: { label: "kv_list" },
      schema: {
        summary: "List values by key",
        querystring: listQuery,
        response: { 200: page, ...refusals(503) },
      },
      handler: async ({ query, call }, reply) => {
        const { prefix = "", after, limit } = query;
        const answer = await calls.read(
          {
            type: "list",
            prefix,
            ...(after !== undefined && { after }),
            ...(limit !== undefined && { limit }),
          },
          { signal: call.signal },
        );
        await turn();
        // Whoever left while it waited gets no work done for it.
        call.signal.throwIfAborted();
        const { entries, next } = answer.type === "list" ? answer : { entries: [], next: null };
        const { index: readAt } = answer;
        reply.header("cache-control", "no-cache");
        const items = entries.map(({ key, value, index }) => ({
          key,
          value: base64(value),
          index,
        }));
        return { index: readAt, items, next };
      },
    });
    done();
  };
}

/** Before the key is checked: the router knows only what stands for every key. */
function takeKey(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  request.params = { key: keyOf(request.originalUrl) };
  done();
}

/**
 * A client that sends a key relies on its retries being recognised. They aren't, so that it must
 * not believe so.
 */
function refuseIdempotencyKey({ headers }: FastifyRequest["raw"]): void {
  if (headers["idempotency-key"] === undefined) return;
  throw new HttpError(
    501,
    "idempotency_unsupported",
    "Idempotency-Key is not supported yet, so a retry could take effect twice; nothing was changed: leave it out, and make the write conditional with If-Match or If-None-Match",
  );
}

function noSuchKey(): HttpError {
  return new HttpError(404, "key_not_found", "there is no such key");
}

function succeeded(result: KvResult): Extract<KvResult, { readonly ok: true }> {
  if (result.ok) return result;
  if (result.reason === "invalid") throw new HttpError(400, "bad_request", result.message);
  const [now, headers] =
    result.index === null
      ? (["there is no such key", {}] as const)
      : ([`its ETag is ${etag(result.index)}`, { etag: etag(result.index) }] as const);
  throw new HttpError(412, "precondition_failed", `the condition does not hold: ${now}`, headers);
}
