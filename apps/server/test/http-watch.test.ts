// GET /v1/watch over real HTTP: every change once and in order, or a word that says why not.
import { createKv, putCommand } from "@raftkit/kv";
import { expect, onTestFinished, test } from "vitest";
import { errorCode, keyPath, parsed, raw, send } from "./client.js";
import { follow, shown } from "./event-stream.js";
import { startApi } from "./fixture.js";
import type { Api } from "./fixture.js";

const KIB = 1024;

async function start(options: Parameters<typeof startApi>[0] = {}): Promise<Api> {
  const api = await startApi(options);
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api;
}

const put = async (api: Api, key: string, body: string | Uint8Array = "1"): Promise<void> => {
  expect((await send(api.at, "PUT", keyPath(key), { body })).status).toBeLessThan(300);
};

test("every change comes once, in order, with its index as id; what changed nothing doesn't", async () => {
  const api = await start();
  await put(api, "a", "1");
  const stream = await follow(api.at, "/v1/watch?after=0");
  expect([stream.status, stream.headers["content-type"], stream.headers["cache-control"]]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
    "no-store",
  ]);
  await put(api, "é/b", "2");
  await send(api.at, "DELETE", keyPath("nothing"));
  await send(api.at, "PUT", keyPath("a"), { body: "3", headers: { "if-none-match": "*" } });
  await put(api, "a", Buffer.from([0, 255]));
  await send(api.at, "DELETE", keyPath("a"));
  await stream.until(({ events }) => events.length === 4);
  expect(stream.events).toEqual([
    { event: "put", id: "1", data: { key: "a", value: "MQ==", index: 1 } },
    { event: "put", id: "2", data: { key: "é/b", value: "Mg==", index: 2 } },
    { event: "put", id: "5", data: { key: "a", value: "AP8=", index: 5 } },
    { event: "delete", id: "6", data: { key: "a", index: 6 } },
  ]);
});

test("a prefix, and only what comes behind the list's index", async () => {
  const api = await start();
  for (const key of ["a/1", "b/1", "a/2"]) await put(api, key);
  const list = parsed(await send(api.at, "GET", "/v1/kv?prefix=a/&limit=1")) as { index: number };
  expect(list.index).toBe(3);
  const stream = await follow(api.at, `/v1/watch?prefix=${encodeURIComponent("a/")}&after=3`);
  for (const key of ["b/2", "a/1", "a", "a/3"]) await put(api, key);
  await stream.until(({ events }) => events.length === 2);
  expect(stream.events.map(shown)).toEqual(["put a/1=1 @5", "put a/3=1 @7"]);
});

test("without a position it begins now, as a linearizable read says, and says where that is", async () => {
  const api = await start();
  await put(api, "a");
  const stream = await follow(api.at, "/v1/watch");
  await stream.until(({ all }) => all.length === 1);
  expect(stream.all).toEqual([{ event: "progress", id: "1", data: { index: 1 } }]);
  await put(api, "b");
  await stream.until(({ events }) => events.length === 1);
  expect(stream.events.map(shown)).toEqual(["put b=1 @2"]);
});

test("Last-Event-ID goes before after: a client that comes again goes on where it was", async () => {
  const api = await start();
  const first = await follow(api.at, "/v1/watch?after=0");
  for (const key of ["a", "b"]) await put(api, key);
  await first.until(({ events }) => events.length === 2);
  first.cut();
  for (const key of ["c", "d"]) await put(api, key);
  const again = await follow(api.at, "/v1/watch?after=0", { "last-event-id": first.lastId ?? "" });
  await again.until(({ events }) => events.length === 2);
  expect(again.events.map(shown)).toEqual(["put c=1 @3", "put d=1 @4"]);
});

test("an idle stream tells how far it is, and one resumes there although nothing matched", async () => {
  const api = await start({ progressMs: 20, feed: { maxEvents: 3 } });
  const stream = await follow(api.at, "/v1/watch?prefix=mine&after=0");
  for (let i = 0; i < 10; i++) await put(api, `other-${i}`);
  await stream.until(({ lastId }) => lastId === "10");
  stream.cut();
  expect(stream.events).toEqual([]);
  expect((await send(api.at, "GET", "/v1/watch?after=0")).status).toBe(410);
  const again = await follow(api.at, "/v1/watch?prefix=mine", { "last-event-id": "10" });
  await put(api, "mine");
  await again.until(({ events }) => events.length === 1);
  expect(again.events.map(shown)).toEqual(["put mine=1 @11"]);
});

test("a position that is compacted: 410, and what to do; done so, nothing is missing", async () => {
  const api = await start({ feed: { maxEvents: 2 } });
  for (let i = 1; i <= 5; i++) await put(api, "a", String(i));
  const refused = await send(api.at, "GET", "/v1/watch?after=2");
  expect([refused.status, errorCode(refused)]).toEqual([410, "compacted"]);
  expect(refused.body.toString()).toMatch(
    /oldest position is 3, and 5 is applied; list with GET \/v1\/kv, then watch with after=/,
  );
  const list = parsed(await send(api.at, "GET", "/v1/kv")) as { index: number };
  const stream = await follow(api.at, `/v1/watch?after=${list.index}`);
  await put(api, "a", "6");
  await stream.until(({ events }) => events.length === 1);
  expect(stream.events.map(shown)).toEqual(["put a=6 @6"]);
});

test("a position that isn't applied here yet is no progress; once it is, it is told as any other", async () => {
  const api = await start({ progressMs: 20 });
  await put(api, "a");
  const stream = await follow(api.at, "/v1/watch?after=2");
  const applied = await follow(api.at, "/v1/watch?after=1");
  await applied.until(({ all }) => all.length > 3);
  expect(stream.all).toEqual([]);
  await put(api, "b");
  await stream.until(({ all }) => all.length > 0);
  expect(stream.all[0]).toEqual({ event: "progress", id: "2", data: { index: 2 } });
  await put(api, "c");
  await stream.until(({ events }) => events.length > 0);
  expect(stream.events.map(shown)).toEqual(["put c=1 @3"]);
});

test("a snapshot that is restored ends the streams behind it with a word", async () => {
  const api = await start();
  await put(api, "a");
  const stream = await follow(api.at, "/v1/watch?after=1");
  const ahead = await follow(api.at, "/v1/watch?after=70");
  const leader = createKv();
  leader.apply(putCommand("a", Buffer.from("2")), { index: 70, term: 1, elapsedMs: 0 });
  await api.kv.machine.restore(leader.snapshot());
  await stream.until(({ ended }) => ended);
  expect(stream.events).toEqual([
    {
      event: "compacted",
      id: undefined,
      data: { error: expect.objectContaining({ code: "compacted" }) },
    },
  ]);
  api.kv.machine.apply(putCommand("b", Buffer.from("2")), { index: 71, term: 1, elapsedMs: 0 });
  await ahead.until(({ events }) => events.length === 1);
  expect(ahead.events.map(shown)).toEqual(["put b=2 @71"]);
});

test("a position beyond what is applied waits, and is told if it isn't reached in time", async () => {
  const api = await start({ feed: { aheadTimeoutMs: 50 } });
  const stream = await follow(api.at, "/v1/watch?after=9007199254740991");
  await stream.until(({ ended }) => ended);
  expect(stream.events).toEqual([
    { event: "ahead", id: undefined, data: { error: expect.objectContaining({ code: "ahead" }) } },
  ]);
});

test("a slow reader is cut with a word, holds little, and the others get everything", async () => {
  const api = await start({ feed: { maxEvents: 10 } });
  const slow = await follow(api.at, "/v1/watch?after=0");
  slow.response.pause();
  const quick = await follow(api.at, "/v1/watch?after=0");
  const value = Buffer.alloc(256 * KIB, "v");
  let most = 0;
  const writes = 80;
  for (let i = 0; i < writes; i++) {
    await put(api, "a", value);
    most = Math.max(most, api.listener.usage().unsentBytes);
    await quick.until(({ events }) => events.length === i + 1);
  }
  expect(most).toBeGreaterThan(0);
  // Of one change, in base64, and what a socket takes anyway.
  expect(most).toBeLessThan(2 * 256 * KIB);
  slow.response.resume();
  await slow.until(({ ended }) => ended);
  const last = slow.events.at(-1);
  expect(last).toEqual({
    event: "slow",
    id: undefined,
    data: { error: { code: "slow", message: expect.stringContaining("list with GET /v1/kv") } },
  });
  const got = slow.events.slice(0, -1).map(({ id }) => Number(id));
  expect(got).toEqual(got.map((_, i) => i + 1));
  expect(got.length).toBeLessThan(writes);
  expect(quick.events.map(({ id }) => Number(id))).toEqual(
    Array.from({ length: writes }, (_, i) => i + 1),
  );
  quick.cut();
  await expect
    .poll(() => api.listener.usage())
    .toEqual({ connections: 0, requests: 0, unsentBytes: 0 });
});

test("who takes nothing at all is cut, as with any answer", async () => {
  const api = await start({ sendStallMs: 200 });
  const silent = await follow(api.at, "/v1/watch?after=0");
  silent.response.pause();
  for (let i = 0; i < 60; i++) await put(api, "a", Buffer.alloc(256 * KIB));
  await expect.poll(() => api.cuts, { timeout: 20_000 }).toEqual(["stalled"]);
  await expect.poll(() => api.kv.feed.watches).toBe(0);
  expect(api.listener.usage().unsentBytes).toBe(0);
});

test("streams that wait for changes aren't cut, neither for being idle nor for a newcomer", async () => {
  const api = await start({ maxConnections: 3, sendStallMs: 100, progressMs: 10 });
  const stream = await follow(api.at, "/v1/watch?after=0");
  for (let i = 0; i < 10; i++) {
    const newcomer = await raw(api.at);
    newcomer.socket.write("GET /v1/kv HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await newcomer.until(/"next":null/);
  }
  await put(api, "a");
  await stream.until(({ events }) => events.length === 1);
  expect(api.cuts).not.toContain("stalled");
});

test("there are so many watches and no more; one that ends makes room", async () => {
  const api = await start({ feed: { maxWatches: 2 } });
  const first = await follow(api.at, "/v1/watch?after=0");
  await follow(api.at, "/v1/watch?after=0");
  const refused = await send(api.at, "GET", "/v1/watch?after=0");
  expect([refused.status, errorCode(refused), refused.headers["retry-after"]]).toEqual([
    503,
    "overloaded",
    "1",
  ]);
  first.cut();
  await expect.poll(() => api.kv.feed.watches).toBe(1);
  expect((await follow(api.at, "/v1/watch?after=0")).status).toBe(200);
});

test("the server that closes ends its streams with a word, without waiting for its grace", async () => {
  const api = await start();
  const stream = await follow(api.at, "/v1/watch?after=0");
  await put(api, "a");
  await stream.until(({ events }) => events.length === 1);
  // Far longer than the test may take.
  await api.listener.drain(600_000);
  await stream.until(({ ended }) => ended);
  expect(stream.events.map(({ event }) => event)).toEqual(["put", "closing"]);
  expect(api.kv.feed.watches).toBe(0);
});

test("a watch that would begin while the server closes is refused, and holds nothing up", async () => {
  const api = await start();
  let go = (): void => undefined;
  let asked = false;
  api.kv.before = () => {
    asked = true;
    return new Promise((resolve) => (go = resolve));
  };
  const watching = send(api.at, "GET", "/v1/watch");
  await expect.poll(() => asked).toBe(true);
  const drained = api.listener.drain(600_000);
  await new Promise((resolve) => void setImmediate(resolve));
  go();
  const answer = await watching;
  expect([answer.status, errorCode(answer)]).toEqual([503, "not_ready"]);
  await drained;
});

test("HEAD is answered at once and watches nothing", async () => {
  const api = await start();
  const answer = await send(api.at, "HEAD", "/v1/watch?after=0");
  expect([answer.status, answer.headers["content-type"], answer.body.length]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
    0,
  ]);
  expect(api.kv.feed.watches).toBe(0);
});

test.each([
  ["after=-1", {}, "bad_parameter"],
  ["after=1.5", {}, "bad_parameter"],
  ["after=", {}, "bad_parameter"],
  ["after=01", {}, "bad_parameter"],
  ["after=9007199254740992", {}, "bad_parameter"],
  ["after=1&after=2", {}, "bad_parameter"],
  ["from=1", {}, "bad_parameter"],
  [`prefix=${"x".repeat(1025)}`, {}, "bad_key"],
  ["prefix=%ff", {}, "bad_encoding"],
  ["after=1", { "last-event-id": "x" }, "bad_parameter"],
] satisfies [string, Record<string, string>, string][])(
  "%s with %j is refused: 400 %s",
  async (query, headers, code) => {
    const api = await start();
    const answer = await send(api.at, "GET", `/v1/watch?${query}`, { headers });
    expect([answer.status, errorCode(answer)]).toEqual([400, code]);
    expect(api.kv.feed.watches).toBe(0);
  },
);
