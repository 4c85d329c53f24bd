// /v1/kv and /v1/kv/{key}: keys and values over HTTP. The key is everything behind "/v1/kv/",
// percent-decoded once.
import { deleteCommand, putCommand } from "@raftkit/kv";
import type { KvResult, KvWriteCommand, KvWriteResult } from "@raftkit/kv";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { CallOptions } from "raftkit";
import type { KvCalls } from "../../kv-calls.js";
import { isUnchanged, writeCondition } from "../conditions.js";
import { etag } from "../etag.js";
import { HttpError } from "../errors.js";
import { idempotencyKey, notExecuted } from "../idempotency.js";
import { bytes, page, refusals, unchanged, written } from "../schemas/answers.js";
import type { RequestLifecycle } from "../request-lifecycle.js";
import {
  consistencyOf,
  itemParams,
  itemQuery,
  listQuery,
  noQuery,
  readHeaders,
  valueBody,
  writeHeaders,
} from "../schemas/request.js";
import { base64 } from "../base64.js";
import type { WriteHeaders } from "../schemas/request.js";
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
      handler: async ({ params, query, headers, call }, reply) => {
        const answer = await calls.read(
          { type: "get", key: params.key },
          { ...callOf(call, reply), consistency: consistencyOf(query) },
        );
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
        response: {
          200: written,
          201: written,
          ...refusals(409, 410, 412, 413, 422, 503, 504, 507),
        },
      },
      handler: async ({ params, headers, call }, reply) => {
        const condition = writeCondition(headers);
        const value = await call.body(maxValueBytes);
        const command = putCommand(params.key, value, condition);
        const { index, previousIndex } = await write(calls, headers, command, callOf(call, reply));
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
        response: { 200: written, ...refusals(404, 409, 410, 412, 422, 503, 504, 507) },
      },
      handler: async ({ params, headers, call }, reply) => {
        const command = deleteCommand(params.key, writeCondition(headers));
        const { index, previousIndex } = await write(calls, headers, command, callOf(call, reply));
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
          { ...callOf(call, reply), consistency: consistencyOf(query) },
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

/** Ends with the request. Every answer has its index in a header. */
function callOf({ signal }: RequestLifecycle, reply: FastifyReply): CallOptions {
  return { signal, onIndex: (index) => void reply.header("raft-index", index) };
}

/** Once, where the request says which write it is. */
async function write(
  calls: KvCalls,
  headers: WriteHeaders,
  command: KvWriteCommand,
  options: CallOptions,
): Promise<Extract<KvWriteResult, { readonly ok: true }>> {
  const key = idempotencyKey(headers);
  if (!key) return succeeded(await calls.propose(command, options));
  const outcome = await calls.proposeOnce(key, command, options);
  if (!outcome.ok) throw notExecuted(outcome);
  return succeeded(outcome.result);
}

function noSuchKey(): HttpError {
  return new HttpError(404, "key_not_found", "there is no such key");
}

function succeeded(result: KvResult): Extract<KvWriteResult, { readonly ok: true }> {
  if (result.ok && "previousIndex" in result) return result;
  if (result.ok || result.reason === "changed") throw new TypeError("a write was a batch");
  if (result.reason === "invalid") throw new HttpError(400, "bad_request", result.message);
  const [now, headers] =
    result.index === null
      ? (["there is no such key", {}] as const)
      : ([`its ETag is ${etag(result.index)}`, { etag: etag(result.index) }] as const);
  throw new HttpError(412, "precondition_failed", `the condition does not hold: ${now}`, headers);
}
