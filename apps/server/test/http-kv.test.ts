// What each request to /v1/kv answers, over a state machine whose calls can be made to fail.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NotProposed, OutcomeUnknown, Overloaded, ReadFailed } from "raftkit";
import { errorCode, keyPath, parsed, send } from "./client.js";
import type { Answer, Sent } from "./client.js";
import { keysOf, startApi } from "./fixture.js";
import type { Api } from "./fixture.js";

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const call = (method: string, path: string, sent?: Sent): Promise<Answer> =>
  send(api.at, method, path, sent);

describe("one key", () => {
  test("PUT creates (201) and replaces (200), GET gives the bytes back, each with its index as ETag", async () => {
    const created = await call("PUT", "/v1/kv/a", { body: Uint8Array.of(0, 255, 10) });
    expect([created.status, created.headers["content-type"]]).toEqual([
      201,
      "application/json; charset=utf-8",
    ]);
    const { index } = parsed(created) as { index: number };
    expect(created.headers.etag).toBe(`"${index}"`);
    const got = await call("GET", "/v1/kv/a");
    expect([got.status, got.headers.etag, got.headers["content-type"], [...got.body]]).toEqual([
      200,
      `"${index}"`,
      "application/octet-stream",
      [0, 255, 10],
    ]);
    const replaced = await call("PUT", "/v1/kv/a", { body: "" });
    expect([replaced.status, parsed(replaced)]).toEqual([200, { index: index + 1 }]);
    expect((await call("GET", "/v1/kv/a")).body).toHaveLength(0);
  });

  test("HEAD is GET without the bytes", async () => {
    await call("PUT", "/v1/kv/a", { body: "12345" });
    const head = await call("HEAD", "/v1/kv/a");
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([200, "5", 0]);
    expect((await call("HEAD", "/v1/kv/b")).status).toBe(404);
  });

  test("DELETE answers 200 with its index, 404 when there is nothing", async () => {
    await call("PUT", "/v1/kv/a", { body: "1" });
    const deleted = await call("DELETE", "/v1/kv/a");
    expect([deleted.status, Object.keys(parsed(deleted) as object)]).toEqual([200, ["index"]]);
    const again = await call("DELETE", "/v1/kv/a");
    expect([again.status, errorCode(again)]).toEqual([404, "key_not_found"]);
    const got = await call("GET", "/v1/kv/a");
    expect([got.status, errorCode(got)]).toEqual([404, "key_not_found"]);
  });

  test("If-Match and If-None-Match: 412 names what is there, and changes nothing", async () => {
    const missing = await call("PUT", "/v1/kv/a", { body: "x", headers: { "if-match": "*" } });
    expect([missing.status, errorCode(missing), missing.headers.etag]).toEqual([
      412,
      "precondition_failed",
      undefined,
    ]);
    const etag =
      (await call("PUT", "/v1/kv/a", { body: "1", headers: { "if-none-match": "*" } })).headers
        .etag ?? "";
    const taken = await call("PUT", "/v1/kv/a", { body: "2", headers: { "if-none-match": "*" } });
    expect([taken.status, taken.headers.etag]).toEqual([412, etag]);
    expect(
      (await call("PUT", "/v1/kv/a", { body: "2", headers: { "if-match": '"999"' } })).status,
    ).toBe(412);
    expect((await call("DELETE", "/v1/kv/a", { headers: { "if-match": '"999"' } })).status).toBe(
      412,
    );
    expect((await call("GET", "/v1/kv/a")).body.toString()).toBe("1");
    expect(
      (await call("PUT", "/v1/kv/a", { body: "2", headers: { "if-match": "*" } })).status,
    ).toBe(200);
    expect((await call("DELETE", "/v1/kv/a", { headers: { "if-match": etag } })).status).toBe(412);
    const now = (await call("HEAD", "/v1/kv/a")).headers.etag ?? "";
    expect(
      (await call("PUT", "/v1/kv/a", { body: "3", headers: { "if-match": now } })).status,
    ).toBe(200);
  });

  test("If-None-Match on a GET: 304 without a body while unchanged", async () => {
    const etag = (await call("PUT", "/v1/kv/a", { body: "1" })).headers.etag ?? "";
    for (const value of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const same = await call("GET", "/v1/kv/a", { headers: { "if-none-match": value } });
      expect([value, same.status, same.headers.etag, same.body.length]).toEqual([
        value,
        304,
        etag,
        0,
      ]);
    }
    expect(
      (await call("GET", "/v1/kv/a", { headers: { "if-none-match": '"1000000"' } })).status,
    ).toBe(200);
  });

  const conditions: readonly (readonly [method: string, headers: Record<string, string>])[] = [
    ["PUT", { "if-match": "12" }],
    ["PUT", { "if-match": 'W/"12"' }],
    ["PUT", { "if-match": '"0"' }],
    ["PUT", { "if-match": '"x"' }],
    ["PUT", { "if-match": "" }],
    ["PUT", { "if-match": '"1", "2"' }],
    ["DELETE", { "if-match": '"99999999999999999"' }],
    ["PUT", { "if-match": '"9999999999999999"' }],
    ["PUT", { "if-none-match": '"12"' }],
    ["PUT", { "if-match": "*", "if-none-match": "*" }],
    ["GET", { "if-none-match": "12" }],
  ];
  for (const [method, headers] of conditions) {
    test(`a condition that is not understood is 400: ${method} ${JSON.stringify(headers)}`, async () => {
      if (method === "GET") await call("PUT", "/v1/kv/a", { body: "1" });
      const answer = await call(method, "/v1/kv/a", { headers });
      expect([answer.status, errorCode(answer)]).toEqual([400, "bad_condition"]);
      expect(keysOf(api)).toHaveLength(method === "GET" ? 1 : 0);
    });
  }
});

describe("refusals", () => {
  const cases: readonly (readonly [method: string, path: string, status: number, code: string])[] =
    [
      ["GET", "/v1/kv/", 400, "bad_key"],
      ["PUT", `/v1/kv/${"x".repeat(1025)}`, 400, "bad_key"],
      ["PUT", keyPath("é".repeat(513)), 400, "bad_key"],
      ["GET", "/v1/kv/%", 400, "bad_encoding"],
      ["GET", "/v1/kv/%zz", 400, "bad_encoding"],
      ["GET", "/v1/kv/%ff", 400, "bad_encoding"],
      ["GET", "/v1/kv/%ed%a0%80", 400, "bad_encoding"],
      ["GET", "/v1/kv/a?consistency=eventual", 400, "bad_consistency"],
      ["GET", "/v1/kv/a?consistency=", 400, "bad_consistency"],
      ["GET", "/v1/kv/a?consistency=Local", 400, "bad_consistency"],
      ["GET", "/v1/kv?consistency=stale", 400, "bad_consistency"],
      ["PUT", "/v1/kv/a?consistency=local", 400, "bad_parameter"],
      ["GET", "/v1/kv/a?consistency=linearizable&consistency=linearizable", 400, "bad_parameter"],
      ["GET", "/v1/kv/a?consistancy=local", 400, "bad_parameter"],
      ["PUT", "/v1/kv/a?ttl=1", 400, "bad_parameter"],
      ["GET", "/v1/kv?limit=0", 400, "bad_parameter"],
      ["GET", "/v1/kv?limit=1001", 400, "bad_parameter"],
      ["GET", "/v1/kv?limit=ten", 400, "bad_parameter"],
      ["GET", "/v1/kv?prefix=%ff", 400, "bad_encoding"],
      ["GET", `/v1/kv?after=${"x".repeat(1025)}`, 400, "bad_key"],
      ["GET", "/", 404, "not_found"],
      ["GET", "/v1/kvx", 404, "not_found"],
      ["GET", "/v2/kv/a", 404, "not_found"],
      ["POST", "/v1/kv/a", 405, "method_not_allowed"],
      ["PATCH", "/v1/kv/a", 405, "method_not_allowed"],
      ["OPTIONS", "/v1/kv/a", 405, "method_not_allowed"],
      ["PUT", "/v1/kv", 405, "method_not_allowed"],
    ];
  for (const [method, path, status, code] of cases) {
    test(`${method} ${path.slice(0, 40)}: ${status} ${code}`, async () => {
      const answer = await call(method, path);
      expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    });
  }

  test("405 says what is allowed", async () => {
    expect((await call("POST", "/v1/kv/a")).headers.allow).toBe("GET, HEAD, PUT, DELETE");
    expect((await call("DELETE", "/v1/kv")).headers.allow).toBe("GET, HEAD");
  });

  test("a foreign Host is refused, loopback ones are not", async () => {
    for (const host of [
      "evil.example",
      "evil.example:8101",
      "10.0.0.1",
      "127.0.0.1.evil.example",
      "[::2]:80",
    ]) {
      const answer = await call("GET", "/v1/kv", { headers: { host } });
      expect([host, answer.status, errorCode(answer)]).toEqual([host, 403, "forbidden_host"]);
    }
    for (const host of ["localhost", "LOCALHOST:1", "127.0.0.2:8101", "[::1]:8101"]) {
      expect([host, (await call("GET", "/v1/kv", { headers: { host } })).status]).toEqual([
        host,
        200,
      ]);
    }
  });
});

describe("what the node refuses", () => {
  const errors: readonly (readonly [
    error: Error,
    status: number,
    code: string,
    retryAfter?: string,
  ])[] = [
    [new NotProposed("noLeader", "no leader"), 503, "no_leader", "1"],
    [new NotProposed("closing", "closing"), 503, "closing", "1"],
    [new NotProposed("failed", "failed"), 503, "failed", "1"],
    [new NotProposed("timeout", "timed out"), 503, "timeout", "1"],
    [new Overloaded("full"), 503, "overloaded", "1"],
    [new NotProposed("notSent", "not sent"), 503, "not_sent", "1"],
    [new NotProposed("superseded", "superseded"), 503, "superseded", "1"],
    [new NotProposed("aborted", "aborted"), 503, "aborted", "1"],
    [new NotProposed("tooLarge", "too large"), 413, "too_large"],
    [new NotProposed("invalid", "the codec can't encode it"), 400, "bad_request"],
    [new OutcomeUnknown("timeout", "timed out"), 504, "outcome_unknown"],
    [new ReadFailed("noLeader", "no leader"), 503, "no_leader", "1"],
    [new ReadFailed("timeout", "no answer"), 503, "timeout", "1"],
    [new ReadFailed("closing", "closing"), 503, "closing", "1"],
    [new Error("secret"), 500, "internal"],
  ];
  for (const [error, status, code, retryAfter] of errors) {
    test(`${error.name} ${error.message}: ${status} ${code}`, async () => {
      const logged = api.lines.length;
      api.kv.before = () => {
        throw error;
      };
      const answer = await call("PUT", "/v1/kv/a", { body: "1" });
      expect([answer.status, errorCode(answer), answer.headers["retry-after"]]).toEqual([
        status,
        code,
        retryAfter,
      ]);
      expect(answer.body.toString()).not.toContain("secret");
      expect(api.lines.slice(logged).map(({ level }) => level)).toEqual(
        status === 500 ? ["error"] : [],
      );
    });
  }
});

test("a listing: prefix, values as base64, a cursor that ends with null", async () => {
  for (const key of ["a", "b/1", "b/2", "b/3 +&=", "c"]) {
    await call("PUT", keyPath(key), { body: `value of ${key}` });
  }
  const first = parsed(await call("GET", "/v1/kv?prefix=b%2F&limit=2")) as {
    items: { key: string; value: string; index: number }[];
    next: string | null;
  };
  expect(
    first.items.map(({ key, value }) => [key, Buffer.from(value, "base64").toString()]),
  ).toEqual([
    ["b/1", "value of b/1"],
    ["b/2", "value of b/2"],
  ]);
  expect(first.items[0]?.index).toBe(2);
  expect(first.next).toBe("b/2");
  const query = new URLSearchParams({
    prefix: "b/",
    after: first.next ?? "",
    limit: "2",
  }).toString();
  expect(parsed(await call("GET", `/v1/kv?${query}`))).toMatchObject({
    items: [{ key: "b/3 +&=" }],
    next: null,
  });
  expect(
    (
      parsed(
        await call("GET", `/v1/kv?${new URLSearchParams({ prefix: "b/3 +&" }).toString()}`),
      ) as typeof first
    ).items,
  ).toHaveLength(1);
  expect((parsed(await call("GET", "/v1/kv")) as typeof first).items).toHaveLength(5);
});

test("a client that goes away aborts what it asked for", async () => {
  const signal = await new Promise<AbortSignal | undefined>((resolve) => {
    const client = new AbortController();
    api.kv.before = (options) => {
      client.abort();
      return new Promise((_, reject) =>
        options.signal?.addEventListener("abort", () => {
          resolve(options.signal);
          reject(new NotProposed("aborted", "aborted"));
        }),
      );
    };
    call("PUT", "/v1/kv/a", { body: "1", signal: client.signal }).catch(() => undefined);
  });
  expect(signal?.aborted).toBe(true);
});
