// Sizes, odd bytes and odd clients on the wire: what a client library would hide.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode, keyPath, raw, send } from "./client.js";
import { keysOf, startApi } from "./fixture.js";
import type { Api } from "./fixture.js";

const MIB = 1_048_576;
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** A small generator (mulberry32), so that a failing key can be made again. */
function randomKeys(seed: number, count: number): string[] {
  let state = seed;
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
  const alphabet = [
    "/",
    "%",
    "?",
    "#",
    "&",
    "=",
    "+",
    ".",
    "\\",
    ";",
    ":",
    "@",
    " ",
    '"',
    "'",
    "a",
    "\0",
    "\r",
    "\n",
    "\t",
    "\x7f",
    "~",
    "é",
    "\u0301",
    "\u2028",
    "\ufeff",
    "\ufffd",
    "\uffff",
    "漢",
    "😀",
    "\u{10ffff}",
    "%2F",
    "%00",
    "..",
    "//",
    "?x=1",
  ];
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random(12) }, () => alphabet[random(alphabet.length)]).join(""),
  );
}

describe("keys", () => {
  const fixed = [
    ".",
    "..",
    "../..",
    "/",
    "//",
    "%",
    "%2F",
    "%25",
    "?",
    "#",
    "a?b=c",
    "\0",
    "+",
    " ",
    "\r\nX-Evil: 1",
    "__proto__",
    "\ufeff",
    "é",
    "e\u0301",
    "x".repeat(1024),
    "漢".repeat(341),
    "😀".repeat(256),
  ];

  test("every key is stored as what it is, and no two are mixed up", async () => {
    const keys = [...new Set([...fixed, ...randomKeys(20_240_601, 80)])];
    for (const key of keys) {
      expect([key, (await send(api.at, "PUT", keyPath(key), { body: `<${key}>` })).status]).toEqual(
        [key, 201],
      );
    }
    expect(keysOf(api).toSorted()).toEqual(keys.toSorted());
    for (const key of keys) {
      expect((await send(api.at, "GET", keyPath(key))).body.toString()).toBe(`<${key}>`);
    }
  });

  test("percent signs may be spared where a target may hold the character; hex digits in either case; absolute form", async () => {
    await send(api.at, "PUT", keyPath("p/q//./..:@~+é"), { body: "1" });
    for (const path of [
      "/v1/kv/p/q//./..:@~+%C3%A9",
      "/v1/kv/p%2fq%2F/%2e/%2E.:@~+%c3%a9",
      `http://${api.at}/v1/kv/p/q//./..:@~+%C3%A9`,
    ]) {
      expect([path, (await send(api.at, "GET", path)).status]).toEqual([path, 200]);
    }
  });
});

test("a value is bytes, whatever its Content-Type says", async () => {
  for (const type of ["application/json", "text/plain; charset=klingon", "nonsense", "a/b/c"]) {
    const headers = { "content-type": type };
    const put = await send(api.at, "PUT", "/v1/kv/typed", { headers, body: `{${type}` });
    expect([type, put.status < 300]).toEqual([type, true]);
    expect((await send(api.at, "GET", "/v1/kv/typed")).body.toString()).toBe(`{${type}`);
  }
});

test("headers that a router could look at change nothing", async () => {
  for (const headers of [{ "accept-version": "2.0.0" }, { "x-http-method-override": "DELETE" }]) {
    expect((await send(api.at, "GET", "/v1/kv", { headers })).status).toBe(200);
  }
});

describe("sizes", () => {
  test("a value of exactly 1 MiB comes back as it was; one byte more is 413 and changes nothing", async () => {
    const value = Buffer.alloc(MIB, "0123456789abcdef\0\xff", "latin1");
    expect((await send(api.at, "PUT", "/v1/kv/big", { body: value })).status).toBe(201);
    expect((await send(api.at, "GET", "/v1/kv/big")).body.equals(value)).toBe(true);
    const over = await send(api.at, "PUT", "/v1/kv/big", { body: Buffer.alloc(MIB + 1) });
    expect([over.status, errorCode(over)]).toEqual([413, "too_large"]);
    const chunked = await send(api.at, "PUT", "/v1/kv/big", {
      body: Buffer.alloc(MIB + 1),
      headers: { "transfer-encoding": "chunked" },
    });
    expect([chunked.status, errorCode(chunked)]).toEqual([413, "too_large"]);
    expect((await send(api.at, "GET", "/v1/kv/big")).body.equals(value)).toBe(true);
  });

  test("an announced length that is too large is refused before any of the body was sent, and the connection ends", async () => {
    const client = await raw(api.at);
    client.socket.write(
      `PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MIB + 1}\r\n\r\n`,
    );
    expect(await client.until(/too_large/)).toMatch(/^HTTP\/1\.1 413 /);
    await client.closed;
  });

  test("also for a client that waits for 100 Continue, which is told 413 instead", async () => {
    const client = await raw(api.at);
    client.socket.write(
      `PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${MIB + 1}\r\n\r\n`,
    );
    expect(await client.until(/too_large/)).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i);
    await client.closed;
  });

  test("100 Continue is sent when the body is wanted", async () => {
    const client = await raw(api.at);
    client.socket.write(
      "PUT /v1/kv/continued HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    );
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.socket.write("yes");
    expect(await client.until(/"index"/)).toContain("HTTP/1.1 201 Created");
    client.socket.destroy();
  });

  test("a body of unknown length is refused with the first byte too many, not at its end", async () => {
    const client = await raw(api.at);
    client.socket.write(
      `PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${(MIB + 1).toString(16)}\r\n`,
    );
    client.socket.write(Buffer.alloc(MIB + 1));
    expect(await client.until(/too_large/)).toMatch(/^HTTP\/1\.1 413 /);
    await client.closed;
  });

  test("a body that is sent on and on after its refusal is cut off", async () => {
    const client = await raw(api.at);
    client.socket.write(
      `PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${1024 * MIB}\r\n\r\n`,
    );
    const chunk = Buffer.alloc(65_536);
    let sent = 0;
    const more = (): void => {
      while (!client.socket.destroyed && sent < 512 * MIB) {
        sent += chunk.length;
        if (!client.socket.write(chunk)) return void client.socket.once("drain", more);
      }
    };
    more();
    await client.closed;
    expect(sent).toBeLessThan(64 * MIB);
  });

  for (const length of [`Content-Length: ${20 * MIB}`, "Transfer-Encoding: chunked"]) {
    test(`a client that sends 20 MiB before it reads (${length.split(":")[0]}) gets its 413, not a broken pipe`, async () => {
      const client = connect({ host: "127.0.0.1", port: Number(api.at.split(":").at(-1)) });
      const chunk = Buffer.alloc(20 * MIB, "x");
      const framed = length.startsWith("Content")
        ? [chunk]
        : [`${chunk.length.toString(16)}\r\n`, chunk, "\r\n0\r\n\r\n"];
      client.write(
        `PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${length}\r\n\r\n`,
      );
      await new Promise<void>((resolve, reject) => {
        client.once("error", reject);
        for (const part of framed.slice(0, -1)) client.write(part);
        client.write(framed.at(-1) ?? "", (error) => (error ? reject(error) : resolve()));
      });
      const received: Buffer[] = [];
      for await (const part of client) received.push(part as Buffer);
      expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 413 [^]*too_large/);
    });
  }

  test("a connection whose refused body was short is used again", async () => {
    const client = await raw(api.at);
    client.socket.write(
      "PUT /v1/kv/%ff HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabcGET /v1/kv/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
    );
    expect(await client.until(/key_not_found/)).toMatch(/^HTTP\/1\.1 400 [^]*HTTP\/1\.1 404 /);
    client.socket.destroy();
  });
});

describe("what the parser refuses", () => {
  const cases: readonly (readonly [name: string, bytes: string, status: string, code: string])[] = [
    [
      "headers beyond 16 KiB",
      `GET /v1/kv HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      "431 Request Header Fields Too Large",
      "headers_too_large",
    ],
    [
      "a target beyond 16 KiB",
      `GET /v1/kv/${"x".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      "431 Request Header Fields Too Large",
      "headers_too_large",
    ],
    ["no HTTP at all", "\x16\x03\x01\x02hello\r\n\r\n", "400 Bad Request", "bad_request"],
    [
      "two lengths",
      "PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "400 Bad Request",
      "bad_request",
    ],
    [
      "a length and chunks",
      "PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400 Bad Request",
      "bad_request",
    ],
    [
      "a NUL in a header",
      "GET /v1/kv HTTP/1.1\r\nHost: local\0host\r\n\r\n",
      "400 Bad Request",
      "bad_request",
    ],
    [
      "an expectation it doesn't know",
      "PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nExpect: the-best\r\nContent-Length: 1\r\n\r\n",
      "417 Expectation Failed",
      "expectation_failed",
    ],
  ];
  for (const [name, bytes, status, code] of cases) {
    test(`${name}: ${status}, and the connection ends`, async () => {
      const client = await raw(api.at);
      client.socket.write(bytes, "latin1");
      const answer = await client.until(new RegExp(code));
      expect(answer.split("\r\n")[0]).toBe(`HTTP/1.1 ${status}`);
      expect(answer).toContain("application/json");
      await client.closed;
      expect((await send(api.at, "GET", "/v1/kv/nothing")).status).toBe(404);
    });
  }
});

test("a client that leaves in the middle of a body stores nothing and is no error of the server", async () => {
  const before = api.observed.length;
  const logged = api.lines.length;
  const client = await raw(api.at);
  client.socket.write(
    "PUT /v1/kv/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
  );
  client.socket.end();
  await expect.poll(() => api.observed.length).toBe(before + 1);
  expect(keysOf(api)).not.toContain("half");
  expect(api.lines.slice(logged)).toEqual([]);
});

test("draining: what is under way is answered and its connection closed, nothing new is accepted", async () => {
  const own = await startApi();
  let go = (): void => undefined;
  const entered = new Promise<void>((resolve) => {
    own.kv.before = () =>
      new Promise((proceed) => {
        go = proceed;
        resolve();
      });
  });
  const idle = await raw(own.at);
  const answer = send(own.at, "PUT", "/v1/kv/a", {
    body: "1",
    headers: { connection: "keep-alive" },
  });
  await entered;
  const drained = own.listener.drain(60_000);
  await idle.closed;
  await expect(send(own.at, "GET", "/v1/kv")).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
  go();
  expect([(await answer).status, (await answer).headers.connection]).toEqual([201, "close"]);
  await drained;
});

test("draining ends by itself when a request doesn't", async () => {
  const own = await startApi();
  const entered = new Promise<void>((resolve) => {
    own.kv.before = ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("gone")));
        resolve();
      });
  });
  const answer = send(own.at, "PUT", "/v1/kv/a", { body: "1" }).catch((error: unknown) => error);
  await entered;
  await own.listener.drain(1);
  expect(await answer).toBeInstanceOf(Error);
});
