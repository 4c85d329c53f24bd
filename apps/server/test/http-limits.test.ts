// Clients that take up room: each test has an intruder, and an honest client that goes on being
// served.
import { once } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createTurns } from "../src/http/event-loop-turns.js";
import { createUnsentAnswers } from "../src/http/unsent.js";
import { errorCode, raw, send } from "./client.js";
import type { Answer, Raw } from "./client.js";
import { standStill } from "./stand-still.js";
import { startApi } from "./fixture.js";
import type { Api } from "./fixture.js";

const KIB = 1024;
const MIB = 1024 * KIB;

async function start(limits: Parameters<typeof startApi>[0]): Promise<Api> {
  const api = await startApi(limits);
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api;
}

/** A connection that reads nothing. */
async function silent(at: string): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: Number(at.split(":").at(-1)) });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

const put = (at: string, bytes = 1): Promise<Answer> =>
  send(at, "PUT", "/v1/kv/honest", { body: Buffer.alloc(bytes) });

/** Announces a large body, is told to go on, and sends a byte now and then. */
async function dripping(at: string): Promise<Raw> {
  const client = await raw(at);
  onTestFinished(() => void client.socket.destroy());
  client.socket.write(
    `PUT /v1/kv/slow HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${MIB}\r\n\r\n`,
  );
  await client.until(/100 Continue/);
  const drip = setInterval(() => client.socket.write("."), 20);
  void client.closed.then(() => clearInterval(drip));
  return client;
}

test("answers that nobody reads: bounded in all, their connections are cut, and who reads gets whole answers", async () => {
  const maxUnsentBytes = 8 * MIB;
  const api = await start({ maxUnsentBytes, sendStallMs: 400 });
  const value = Buffer.alloc(MIB, "v");
  for (const key of ["a", "b", "c", "d"]) {
    await send(api.at, "PUT", `/v1/kv/${key}`, { body: value });
  }
  const whole = (await send(api.at, "GET", "/v1/kv")).body.length;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, api.listener.usage().unsentBytes)), 1);
  onTestFinished(() => clearInterval(watch));
  const intruders = await Promise.all(Array.from({ length: 12 }, () => silent(api.at)));
  for (const intruder of intruders) {
    intruder.write("GET /v1/kv HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  await expect.poll(() => api.cuts.includes("unsent"), { timeout: 20_000 }).toBe(true);
  for (let i = 0; i < 3; i++) {
    const answer = await send(api.at, "GET", "/v1/kv");
    expect([answer.status, answer.body.length]).toEqual([200, whole]);
  }
  await expect.poll(() => api.listener.usage().connections, { timeout: 20_000 }).toBe(0);
  expect(api.listener.usage()).toEqual({ connections: 0, requests: 0, unsentBytes: 0 });
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(maxUnsentBytes);
});

test("answers that nobody reads, to requests that weren't sent to their end: bounded as well", async () => {
  const maxUnsentBytes = 8 * MIB;
  const api = await start({ maxUnsentBytes, sendStallMs: 400 });
  for (const key of ["a", "b", "c", "d"]) {
    await send(api.at, "PUT", `/v1/kv/${key}`, { body: Buffer.alloc(MIB, "v") });
  }
  const intruders = await Promise.all(Array.from({ length: 6 }, () => silent(api.at)));
  for (const intruder of intruders) {
    intruder.write("GET /v1/kv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n");
  }
  await expect.poll(() => api.cuts.includes("unsent"), { timeout: 20_000 }).toBe(true);
  expect(await put(api.at)).toMatchObject({ status: 201 });
  for (const intruder of intruders) if (!intruder.destroyed) intruder.write("x");
  await expect.poll(() => api.listener.usage().connections, { timeout: 20_000 }).toBe(0);
});

test("listings come one a turn, others in between; one whose client left isn't made", async () => {
  const turns: (() => void)[] = [];
  const api = await start({ turn: () => new Promise((resolve) => void turns.push(resolve)) });
  const listings = Array.from({ length: 5 }, () => send(api.at, "GET", "/v1/kv"));
  const leaver = await raw(api.at);
  leaver.socket.write("GET /v1/kv HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(() => turns.length).toBe(6);
  for (let i = 0; i < 10; i++) expect((await put(api.at)).status).toBeLessThan(300);
  leaver.socket.destroy();
  await expect.poll(() => api.observed.at(-1)?.status).toBe(499);
  for (const turn of turns) turn();
  expect((await Promise.all(listings)).map(({ status }) => status)).toEqual(Array(5).fill(200));
  expect(api.lines).toEqual([]);
});

test("turns: in order, and whatever else waits for the event loop comes in between", async () => {
  const turn = createTurns();
  const order: string[] = [];
  const other = (left: number): void => {
    order.push("other");
    if (left > 0) setImmediate(other, left - 1);
  };
  setImmediate(other, 5);
  await Promise.all(["a", "b", "c"].map((name) => turn().then(() => order.push(name))));
  const [a, b, c] = ["a", "b", "c"].map((name) => order.indexOf(name));
  expect(order.slice(a, b)).toContain("other");
  expect(order.slice(b, c)).toContain("other");
});

test("the least recently moving connection is cut first; one that this server lets wait isn't stalled", async () => {
  const cuts: string[] = [];
  const working = new Set<Socket>();
  const api = await start({});
  const unsent = createUnsentAnswers(
    { maxUnsentBytes: 100, sendStallMs: 40 },
    (socket) => working.has(socket),
    (socket, reason) => void cuts.push(`${names.get(socket) ?? ""} ${reason}`),
  );
  const names = new Map<Socket, string>();
  for (const name of ["a", "b", "c", "d"]) names.set(await silent(api.at), name);
  const [a, b, c, d] = [...names.keys()].map((socket) => (bytes: number) => {
    const response = new ServerResponse(new IncomingMessage(socket));
    unsent.hold(response, socket, bytes);
    return response;
  });
  // All in one turn of the event loop: nobody can be stalled yet.
  const first = a?.(40);
  b?.(40);
  if (first) unsent.release(first);
  expect(unsent.bytes).toBe(40);
  c?.(40);
  for (const [socket, name] of names) if (name === "c") working.add(socket);
  d?.(60);
  expect([cuts, unsent.bytes]).toEqual([["b unsent"], 100]);
  await expect.poll(() => cuts).toEqual(["b unsent", "d stalled"]);
  expect(unsent.bytes).toBe(40);
  working.clear();
  await expect.poll(() => cuts).toEqual(["b unsent", "d stalled", "c stalled"]);
  expect(unsent.bytes).toBe(0);
});

test("a process that stood still doesn't blame its clients for it", async () => {
  const cuts: string[] = [];
  const api = await start({});
  const unsent = createUnsentAnswers(
    { maxUnsentBytes: 100, sendStallMs: 40 },
    () => false,
    (_, reason) => void cuts.push(reason),
  );
  const socket = await silent(api.at);
  const response = new ServerResponse(new IncomingMessage(socket));
  unsent.hold(response, socket, 40);
  await standStill(100, () => response.emit("drain"));
  expect(cuts).toEqual([]);
  await expect.poll(() => cuts).toEqual(["stalled"]);
});

test("who takes a large answer piece by piece counts as moving", async () => {
  const cuts: Socket[] = [];
  const api = await start({});
  const unsent = createUnsentAnswers(
    { maxUnsentBytes: 300 * KIB, sendStallMs: 60_000 },
    () => false,
    (socket) => void cuts.push(socket),
  );
  const [slow, stuck, third] = [await silent(api.at), await silent(api.at), await silent(api.at)];
  const [taken, ...others] = [slow, stuck, third].map(
    (socket) => new ServerResponse(new IncomingMessage(socket)),
  );
  if (taken === undefined) throw new Error("unreachable");
  unsent.hold(taken, slow, 140 * KIB);
  for (const [i, response] of others.entries()) {
    // As when the client took the first piece: the second one follows.
    if (i === 1) taken.emit("drain");
    unsent.hold(response, i === 0 ? stuck : third, 140 * KIB);
  }
  expect(cuts.map((socket) => [slow, stuck, third].indexOf(socket))).toEqual([1]);
  unsent.release(taken);
  unsent.release(others[1] ?? taken);
  expect(unsent.bytes).toBe(0);
});

test("large bodies that drip keep out large ones, never small ones; they are refused and their room is free again", async () => {
  const api = await start({
    maxBodiesBytes: 4 * MIB,
    smallBodiesShareBytes: MIB,
    bodyGraceMs: 1500,
  });
  const intruders = await Promise.all(Array.from({ length: 3 }, () => dripping(api.at)));
  const refused = await put(api.at, 65 * KIB);
  expect([refused.status, errorCode(refused), refused.headers["retry-after"]]).toEqual([
    503,
    "overloaded",
    "1",
  ]);
  for (let i = 0; i < 20; i++) expect((await put(api.at, 64 * KIB)).status).toBeLessThan(300);
  const chunked = await send(api.at, "PUT", "/v1/kv/chunked", {
    body: "small",
    headers: { "transfer-encoding": "chunked" },
  });
  expect(chunked.status).toBe(201);
  for (const intruder of intruders) {
    expect(await intruder.until(/request_timeout/)).toMatch(
      /HTTP\/1\.1 408 [^]*connection: close/i,
    );
    await intruder.closed;
  }
  expect((await put(api.at, MIB)).status).toBe(200);
});

test("room for bodies is given back when their clients are gone, also of those that waited", async () => {
  const api = await start({ maxBodiesBytes: 2 * MIB, smallBodiesShareBytes: MIB });
  const intruder = await dripping(api.at);
  expect((await put(api.at, MIB)).status).toBe(503);
  intruder.socket.destroy();
  await expect.poll(async () => (await put(api.at, MIB)).status).toBeLessThan(300);
});

test("connections that never send a byte are closed soon", async () => {
  const api = await start({ headersTimeoutMs: 1000 });
  const intruders = await Promise.all(Array.from({ length: 20 }, () => raw(api.at)));
  for (const intruder of intruders) {
    expect(await intruder.until(/request_timeout/)).toMatch(/^HTTP\/1\.1 408 /);
    await intruder.closed;
  }
  expect(api.cuts).toEqual([]);
});

test("connections that never send a byte are closed in favour of new ones", async () => {
  const api = await start({ maxConnections: 20, headersTimeoutMs: 30_000 });
  let go = (): void => undefined;
  const entered = new Promise<void>((resolve) => {
    api.kv.before = () =>
      new Promise((proceed) => {
        go = proceed;
        resolve();
      });
  });
  const working = put(api.at);
  await entered;
  api.kv.before = () => undefined;
  const intruders: Raw[] = [];
  for (let i = 0; i < 60; i++) {
    intruders.push(await raw(api.at));
    expect((await put(api.at)).status).toBeLessThan(300);
  }
  expect(api.cuts.length).toBeGreaterThan(30);
  expect(new Set(api.cuts)).toEqual(new Set(["evicted"]));
  expect(api.listener.usage().connections).toBeLessThanOrEqual(20);
  await Promise.all(intruders.slice(0, 30).map(({ closed }) => closed));
  for (const { socket } of intruders) socket.destroy();
  // The request that was under way all the time is answered.
  go();
  expect((await working).status).toBeLessThan(300);
});

test("connections that keep a request half sent give way, too; those that the node works for don't", async () => {
  const api = await start({ maxConnections: 5 });
  for (let i = 0; i < 8; i++) await dripping(api.at);
  expect((await put(api.at)).status).toBe(201);
  const released: (() => void)[] = [];
  api.kv.before = () => new Promise((resolve) => void released.push(resolve));
  const working = Array.from({ length: 5 }, () => put(api.at));
  await expect.poll(() => released.length).toBe(5);
  await expect(put(api.at)).rejects.toThrow(/ECONNRESET|socket hang up/);
  expect(api.cuts.at(-1)).toBe("refused");
  for (const release of released) release();
  expect((await Promise.all(working)).map(({ status }) => status)).toEqual(Array(5).fill(200));
});

test("connections that broke off with answers not taken leave nothing behind: the bound holds", async () => {
  const api = await start({ maxConnections: 5, headersTimeoutMs: 30_000 });
  await put(api.at, MIB);
  const gone = await Promise.all(Array.from({ length: 5 }, () => silent(api.at)));
  for (const socket of gone) {
    socket.write("GET /v1/kv/honest HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(12));
  }
  await expect.poll(() => api.listener.usage().unsentBytes).toBeGreaterThan(16 * MIB);
  for (const socket of gone) socket.destroy();
  await expect.poll(() => api.listener.usage().connections).toBe(0);
  const idle = await Promise.all(Array.from({ length: 8 }, () => raw(api.at)));
  await Promise.all(idle.slice(0, 3).map(({ closed }) => closed));
  expect((await put(api.at)).status).toBe(200);
  expect(api.listener.usage().connections).toBeLessThanOrEqual(5);
  expect(api.cuts).toEqual(Array(4).fill("evicted"));
});
