// /v1/kv and /v1/kv/{key}: keys and values over HTTP. The key is everything behind "/v1/kv/", percent-decoded once.
import type { Exchange, Reply, Route } from "../http/exchange.js";
import { json } from "../http/exchange.js";
import { readBody } from "../http/body.js";
import type { BodyBudget } from "../http/budget.js";
import { etag, isUnchanged, writeCondition } from "../http/conditions.js";
import { HttpError } from "../http/errors.js";
import { decodePercent, parseQuery } from "../http/target.js";
import type { Store, WriteOutcome } from "../store.js";

const ITEM = "/v1/kv/";
const LIST = "/v1/kv";
export const MAX_KEY_BYTES = 1024;
const LIST_DEFAULT = 100;
const LIST_MAX = 1000;

export interface KvLimits {
  readonly maxValueBytes: number;
  readonly budget: BodyBudget;
}

export function kvRoutes(store: Store, limits: KvLimits): readonly Route[] {
  return [
    { name: "kv_item", matches: (path) => path.startsWith(ITEM), methods: {
      GET: (exchange) => getItem(store, exchange),
      PUT: (exchange) => putItem(store, limits, exchange),
      DELETE: (exchange) => deleteItem(store, exchange),
    } },
    { name: "kv_list", matches: (path) => path === LIST, methods: { GET: (exchange) => list(store, exchange) } },
  ];
}

function keyOf({ path }: Exchange): string {
  const key = decodePercent(path.slice(ITEM.length), "the key");
  checkLength(key, "the key");
  if (key === "") throw new HttpError(400, "bad_key", `the key is empty; allowed: 1 to ${MAX_KEY_BYTES} bytes of UTF-8`);
  return key;
}

function checkLength(text: string, what: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_KEY_BYTES) throw new HttpError(400, "bad_key", `${what} has ${bytes} bytes; allowed: 1 to ${MAX_KEY_BYTES} bytes of UTF-8`);
}

function checkConsistency(asked: string | undefined): void {
  if (asked !== undefined && asked !== "linearizable") throw new HttpError(400, "bad_consistency", `consistency ${JSON.stringify(asked)} is not known; allowed: linearizable`);
}

async function getItem(store: Store, exchange: Exchange): Promise<Reply> {
  const key = keyOf(exchange);
  checkConsistency(parseQuery(exchange.query, ["consistency"]).consistency);
  const item = await store.get(key, { signal: exchange.signal });
  if (item === undefined) throw noSuchKey();
  const headers = { etag: etag(item.index), "cache-control": "no-cache" };
  if (isUnchanged(exchange.request.headers, item.index)) return { status: 304, headers };
  // A value is somebody's bytes: a browser must never take them for a page of this server.
  return { status: 200, headers: { ...headers, "content-type": "application/octet-stream", "x-content-type-options": "nosniff" }, body: item.value };
}

async function putItem(store: Store, { maxValueBytes, budget }: KvLimits, exchange: Exchange): Promise<Reply> {
  const key = keyOf(exchange);
  parseQuery(exchange.query, []);
  const condition = writeCondition(exchange.request.headers);
  const { request, response, signal } = exchange;
  const value = await readBody(request, response, maxValueBytes, budget);
  const outcome = await store.put(key, value, condition, { signal });
  if (outcome.is !== "written") throw refused(outcome);
  return json(outcome.created ? 201 : 200, { index: outcome.index }, { etag: etag(outcome.index) });
}

async function deleteItem(store: Store, exchange: Exchange): Promise<Reply> {
  const key = keyOf(exchange);
  parseQuery(exchange.query, []);
  const condition = writeCondition(exchange.request.headers);
  const outcome = await store.delete(key, condition, { signal: exchange.signal });
  if (outcome.is !== "deleted") throw refused(outcome);
  return json(200, { index: outcome.index });
}

function noSuchKey(): HttpError {
  return new HttpError(404, "key_not_found", "there is no such key");
}

function refused(outcome: WriteOutcome): HttpError {
  if (outcome.is === "missing") return noSuchKey();
  const [now, headers] = outcome.is === "conflict" && outcome.index !== undefined
    ? [`its ETag is ${etag(outcome.index)}`, { etag: etag(outcome.index) }] as const
    : ["there is no such key", {}] as const;
  return new HttpError(412, "precondition_failed", `the condition does not hold: ${now}`, headers);
}

async function list(store: Store, exchange: Exchange): Promise<Reply> {
  const { prefix = "", after, limit, consistency } = parseQuery(exchange.query, ["prefix", "after", "limit", "consistency"]);
  checkConsistency(consistency);
  checkLength(prefix, "prefix");
  if (after !== undefined) checkLength(after, "after");
  if (limit !== undefined && !(/^[1-9][0-9]{0,3}$/.test(limit) && Number(limit) <= LIST_MAX)) {
    throw new HttpError(400, "bad_parameter", `limit ${JSON.stringify(limit)} is not allowed; allowed: a whole number from 1 to ${LIST_MAX}`);
  }
  const page = await store.list({ prefix, after, limit: limit === undefined ? LIST_DEFAULT : Number(limit) }, { signal: exchange.signal });
  const items = page.items.map(({ key, value, index }) => ({ key, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"), index }));
  return json(200, { items, next: page.next ?? null }, { "cache-control": "no-cache" });
}
