// /v1/kv and /v1/kv/{key}: keys and values over HTTP. The key is everything behind "/v1/kv/",
// percent-decoded once.
import { deleteCommand, KEY_BYTES_MAX, PAGE_ENTRIES_MAX, putCommand } from "@raftkit/kv";
import type { KvResult } from "@raftkit/kv";
import type { KvCalls } from "../../compose.js";
import type { Exchange, Reply, Route } from "../exchange.js";
import { json } from "../exchange.js";
import { etag, isUnchanged, writeCondition } from "../conditions.js";
import { HttpError } from "../errors.js";
import { createTurns } from "../turns.js";
import type { NextTurn } from "../turns.js";
import { decodePercent, parseQuery } from "../target.js";

const ITEM = "/v1/kv/";
const LIST = "/v1/kv";

export interface KvLimits {
  /** Awaited before a page is put into JSON. Default: one a turn of the event loop. */
  readonly turn?: NextTurn;
  readonly maxValueBytes: number;
}

export function kvRoutes(calls: KvCalls, limits: KvLimits): readonly Route[] {
  const { turn = createTurns() } = limits;
  return [
    {
      name: "kv_item",
      matches: (path) => path.startsWith(ITEM),
      methods: {
        GET: (exchange) => getItem(calls, exchange),
        PUT: (exchange) => putItem(calls, limits, exchange),
        DELETE: (exchange) => deleteItem(calls, exchange),
      },
    },
    {
      name: "kv_list",
      matches: (path) => path === LIST,
      methods: { GET: (exchange) => list(calls, turn, exchange) },
    },
  ];
}

function keyOf({ path }: Exchange): string {
  const key = decodePercent(path.slice(ITEM.length), "the key");
  checkLength(key, "the key");
  if (key === "") {
    throw new HttpError(
      400,
      "bad_key",
      `the key is empty; allowed: 1 to ${KEY_BYTES_MAX} bytes of UTF-8`,
    );
  }
  return key;
}

function checkLength(text: string, what: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > KEY_BYTES_MAX) {
    throw new HttpError(
      400,
      "bad_key",
      `${what} has ${bytes} bytes; allowed: 1 to ${KEY_BYTES_MAX} bytes of UTF-8`,
    );
  }
}

function checkConsistency(asked: string | undefined): void {
  if (asked !== undefined && asked !== "linearizable") {
    throw new HttpError(
      400,
      "bad_consistency",
      `consistency ${JSON.stringify(asked)} is not known; allowed: linearizable`,
    );
  }
}

/**
 * A client that sends a key relies on its retries being recognised. They aren't, so that it must
 * not believe so.
 */
function refuseIdempotencyKey({ headers }: Exchange): void {
  if (headers["idempotency-key"] === undefined) return;
  throw new HttpError(
    501,
    "idempotency_unsupported",
    "Idempotency-Key is not supported yet, so a retry could take effect twice; nothing was changed: leave it out, and make the write conditional with If-Match or If-None-Match",
  );
}

async function getItem(calls: KvCalls, exchange: Exchange): Promise<Reply> {
  const key = keyOf(exchange);
  checkConsistency(parseQuery(exchange.query, ["consistency"]).consistency);
  const answer = await calls.read({ type: "get", key }, { signal: exchange.signal });
  if (answer.type !== "get" || answer.entry === null) throw noSuchKey();
  const { value, index } = answer.entry;
  const headers = { etag: etag(index), "cache-control": "no-cache" };
  if (isUnchanged(exchange.headers, index)) return { status: 304, headers };
  // A value is somebody's bytes: a browser must never take them for a page of this server.
  return {
    status: 200,
    headers: {
      ...headers,
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
    },
    body: value,
  };
}

async function putItem(
  calls: KvCalls,
  { maxValueBytes }: KvLimits,
  exchange: Exchange,
): Promise<Reply> {
  const key = keyOf(exchange);
  parseQuery(exchange.query, []);
  refuseIdempotencyKey(exchange);
  const condition = writeCondition(exchange.headers);
  const value = await exchange.body(maxValueBytes);
  const { index, previousIndex } = written(
    await calls.propose(putCommand(key, value, condition), { signal: exchange.signal }),
  );
  return json(previousIndex === null ? 201 : 200, { index }, { etag: etag(index) });
}

async function deleteItem(calls: KvCalls, exchange: Exchange): Promise<Reply> {
  const key = keyOf(exchange);
  parseQuery(exchange.query, []);
  refuseIdempotencyKey(exchange);
  const condition = writeCondition(exchange.headers);
  const { index, previousIndex } = written(
    await calls.propose(deleteCommand(key, condition), { signal: exchange.signal }),
  );
  if (previousIndex === null) throw noSuchKey();
  return json(200, { index });
}

function noSuchKey(): HttpError {
  return new HttpError(404, "key_not_found", "there is no such key");
}

function written(result: KvResult): Extract<KvResult, { readonly ok: true }> {
  if (result.ok) return result;
  if (result.reason === "invalid") throw new HttpError(400, "bad_request", result.message);
  const [now, headers] =
    result.index === null
      ? (["there is no such key", {}] as const)
      : ([`its ETag is ${etag(result.index)}`, { etag: etag(result.index) }] as const);
  throw new HttpError(412, "precondition_failed", `the condition does not hold: ${now}`, headers);
}

async function list(calls: KvCalls, turn: NextTurn, exchange: Exchange): Promise<Reply> {
  const {
    prefix = "",
    after,
    limit,
    consistency,
  } = parseQuery(exchange.query, ["prefix", "after", "limit", "consistency"]);
  checkConsistency(consistency);
  checkLength(prefix, "prefix");
  if (after !== undefined) checkLength(after, "after");
  if (
    limit !== undefined &&
    !(/^[1-9][0-9]{0,3}$/.test(limit) && Number(limit) <= PAGE_ENTRIES_MAX)
  ) {
    throw new HttpError(
      400,
      "bad_parameter",
      `limit ${JSON.stringify(limit)} is not allowed; allowed: a whole number from 1 to ${PAGE_ENTRIES_MAX}`,
    );
  }
  const answer = await calls.read(
    {
      type: "list",
      prefix,
      ...(after !== undefined && { after }),
      ...(limit !== undefined && { limit: Number(limit) }),
    },
    { signal: exchange.signal },
  );
  await turn();
  // Whoever left while it waited gets no work done for it.
  exchange.signal.throwIfAborted();
  const { entries, next } = answer.type === "list" ? answer : { entries: [], next: null };
  const items = entries.map(({ key, value, index }) => ({
    key,
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"),
    index,
  }));
  return json(200, { items, next }, { "cache-control": "no-cache" });
}
