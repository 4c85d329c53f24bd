// Pipelined requests of one connection: what they do happens in their order (RFC 9112 §9.3.2).
import { afterEach, beforeEach, expect, test } from "vitest";
import { RequestOrder } from "../src/http/pipelining.js";
import { raw, send } from "./client.js";
import { keysOf, startApi } from "./fixture.js";
import type { Api } from "./fixture.js";

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

function request(method: string, body = ""): string {
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  return `${method} /v1/kv/k HTTP/1.1\r\nHost: localhost\r\n${length}\r\n${body}`;
}

const statuses = (received: string): string[] =>
  [...received.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status = ""]) => status);

/** Matches once so many answers came; those here have one line each. */
const answers = (count: number): RegExp => new RegExp(`^(?:[^{]*\\{[^\\n]*\\n){${count}}$`);

test("20 times PUT and DELETE in one write: each takes effect before the next", async () => {
  const client = await raw(api.at);
  client.socket.write(`${request("PUT", "value")}${request("DELETE")}`.repeat(20));
  const received = await client.until(answers(40));
  expect(statuses(received)).toEqual(Array.from({ length: 20 }, () => ["201", "200"]).flat());
  expect(keysOf(api)).toEqual([]);
  client.socket.destroy();
});

test("a GET behind a PUT sees it, one before it doesn't", async () => {
  // What comes first takes longest: whoever lets later ones begin sees them end first.
  let turns = 50;
  api.kv.before = async () => {
    for (let left = (turns -= 10); left > 0; left--) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
  };
  const client = await raw(api.at);
  client.socket.write(
    [
      request("GET"),
      request("PUT", "first"),
      request("GET"),
      request("PUT", "other"),
      request("GET"),
    ].join(""),
  );
  const received = await client.until(/other$/);
  expect(statuses(received)).toEqual(["404", "201", "200", "200", "200"]);
  expect(received).toMatch(/key_not_found[^]*\r\n\r\nfirst[^]*\r\n\r\nother$/);
  client.socket.destroy();
});

test("a client that announces Expect: 100-continue and sends its body at once gets both answers, and goes on", async () => {
  const expecting = "Expect: 100-continue\r\nContent-Length";
  const client = await raw(api.at);
  client.socket.write(
    `${request("PUT", "sent").replace("Content-Length", expecting)}${request("GET")}`,
  );
  const received = await client.until(/\r\n\r\nsent$/);
  expect(statuses(received)).toEqual(["100", "201", "200"]);
  client.socket.destroy();
});

test("safe ones are worked on side by side, up to a bound", async () => {
  let inside = 0;
  let go = (): void => undefined;
  const released = new Promise<void>((resolve) => (go = resolve));
  api.kv.before = () => {
    inside++;
    return released;
  };
  const client = await raw(api.at);
  client.socket.write(request("GET").repeat(40));
  await expect.poll(() => inside).toBe(16);
  await send(api.at, "GET", "/nothing");
  expect(inside).toBe(16);
  go();
  await client.until(answers(40));
  client.socket.destroy();
});

test("who pipelines without end is read no further than what may wait; the others are served, and in the end so is it", async () => {
  let go = (): void => undefined;
  const released = new Promise<void>((resolve) => (go = resolve));
  api.kv.before = ({ signal }) => (signal === undefined ? undefined : released);
  const client = await raw(api.at);
  const many = 6000;
  client.socket.write(request("PUT", "value") + request("GET").repeat(many));
  await expect.poll(() => api.listener.usage().requests).toBeGreaterThan(64);
  for (let i = 0; i < 100; i++) {
    expect((await send(api.at, "GET", "/nothing")).status).toBe(404);
  }
  // What came in one chunk of 64 KiB, at 40 bytes a request, is there anyway.
  expect(api.listener.usage().requests).toBeLessThan(64 + 2000);
  go();
  await expect.poll(() => api.observed.length, { timeout: 20_000 }).toBe(many + 1 + 100);
  client.socket.destroy();
});

test("a connection that ends takes with it what waited on it: nothing of it is done, or kept", async () => {
  let entered = 0;
  api.kv.before = ({ signal }) => {
    entered++;
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("gone")));
    });
  };
  const client = await raw(api.at);
  client.socket.write(request("PUT", "value").repeat(3) + request("GET").repeat(2));
  await expect.poll(() => entered).toBe(1);
  client.socket.destroy();
  await expect.poll(() => api.observed.map(({ status }) => status)).toEqual(Array(5).fill(499));
  expect([entered, api.listener.usage().requests]).toEqual([1, 0]);
});

test("the order itself: nobody overtakes, and who leaves early lets the next ones in", () => {
  const order = new RequestOrder(2);
  const started: string[] = [];
  const leave = new Map<string, () => void>();
  for (const name of ["get1", "get2", "get3", "put1", "get4", "put2", "put3"]) {
    const turn = { safe: name.startsWith("get"), start: () => void started.push(name) };
    leave.set(name, () => order.leave(turn));
    order.enter(turn);
  }
  const left = (name: string): readonly string[] => {
    leave.get(name)?.();
    leave.get(name)?.();
    return started.splice(0);
  };
  expect([started.splice(0), order.waiting]).toEqual([["get1", "get2"], 5]);
  expect(left("get2")).toEqual(["get3"]);
  expect(left("get1")).toEqual([]);
  expect(left("put2")).toEqual([]);
  expect(left("get3")).toEqual(["put1"]);
  expect(left("put1")).toEqual(["get4"]);
  expect(left("get4")).toEqual(["put3"]);
  expect([left("put3"), order.waiting]).toEqual([[], 0]);
});

test("behind an answer that closes the connection nothing more is done", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  api.kv.before = () => held;
  const client = await raw(api.at);
  client.socket.write(`${request("PUT", "first")}${request("PUT", "second")}`);
  await expect.poll(() => api.listener.usage().requests, { timeout: 20_000 }).toBe(2);
  const drained = api.listener.drain(60_000);
  release();
  await client.closed;
  await drained;
  expect(statuses(await client.until(/first|index/))).toEqual(["201"]);
  expect(api.observed.map(({ status }) => status)).toEqual([201, 499]);
  const answer = api.kv.machine.query({ type: "get", key: "k" });
  expect(answer.type === "get" && Buffer.from(answer.entry?.value ?? []).toString()).toBe("first");
});

test("rubbish behind a request gets no answer that could be taken for that request's", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  api.kv.before = () => held;
  const client = await raw(api.at);
  client.socket.write(request("PUT", "value"));
  await expect.poll(() => api.listener.usage().requests, { timeout: 20_000 }).toBe(1);
  client.socket.write("rubbish\r\n\r\n");
  await client.closed;
  release();
  expect(await client.until(/^/)).toBe("");
});
