// Three whole servers in this process, over real sockets and files: what is put on one is there on
// every other.
import { describe, expect, test } from "vitest";
import type { Answer } from "./client.js";
import { errorCode, keyPath, parsed, raw, send } from "./client.js";
import { allReady, ask, at, startCluster } from "./cluster-fixture.js";

const combinations = [
  ["tcp", "file", "msgpack"],
  ["http", "memory", "json"],
  ["tcp", "memory", "json"],
  ["http", "file", "msgpack"],
] as const;

describe.each(combinations)("%s, %s, %s", (transport, storage, codec) => {
  test("a write under an Idempotency-Key is executed once, whichever node is asked again", async () => {
    await using cluster = await startCluster(transport, storage, codec);
    await allReady(cluster);
    const { session } = parsed(await ask(at(cluster, 0), "POST", "/v1/sessions")) as {
      session: number;
    };
    const write = async (i: number): Promise<unknown> => {
      const headers = { "idempotency-key": `${session}-1` };
      const again = (): Promise<Answer> =>
        ask(at(cluster, i), "PUT", "/v1/kv/a", { body: "1", headers });
      let answer = await again();
      // Its leader may just have gone: under its key it can be sent until it is known.
      const sendAgain = async (): Promise<number> =>
        (answer = answer.status === 504 ? await again() : answer).status;
      await expect.poll(sendAgain, { timeout: 20_000 }).not.toBe(504);
      return [answer.status, answer.headers.etag, parsed(answer)];
    };
    const first = await write(0);
    // Until it is acknowledged, whatever became of the leader.
    const put = async (): Promise<number> =>
      (await ask(at(cluster, 1), "PUT", "/v1/kv/a", { body: "2" })).status;
    await expect.poll(put, { timeout: 20_000 }).toBe(200);
    const led = cluster.servers.findIndex(({ node }) => node.status().role === "leader");
    await cluster.servers[led]?.close();
    for (const i of [led + 1, led + 2]) expect(await write(i)).toEqual(first);
    if (storage === "file") {
      await cluster.start(led);
      expect(await write(led)).toEqual(first);
    }
    expect((await ask(at(cluster, led + 1), "GET", "/v1/kv/a")).body.toString()).toBe("2");
  });

  test("a value put on one node is read on another, byte for byte, up to 1 MiB", async () => {
    await using cluster = await startCluster(transport, storage, codec);
    await allReady(cluster);
    const values = [
      Buffer.alloc(0),
      Buffer.from([0, 255, 128]),
      Buffer.alloc(1_048_576, "\0\xffab", "latin1"),
    ];
    for (const [i, value] of values.entries()) {
      const put = await ask(at(cluster, i), "PUT", keyPath(`k/${i}`), { body: value });
      expect([put.status, put.body.toString()]).toEqual([201, expect.stringContaining("index")]);
      for (const other of [i + 1, i + 2]) {
        const got = await ask(at(cluster, other), "GET", keyPath(`k/${i}`));
        expect([got.status, got.headers.etag]).toEqual([200, put.headers.etag]);
        expect(got.body.equals(value)).toBe(true);
      }
    }
    const page = parsed(await ask(at(cluster, 1), "GET", "/v1/kv?prefix=k%2F&limit=2"));
    expect(page).toMatchObject({
      items: [
        { key: "k/0", value: "" },
        { key: "k/1", value: "AP+A" },
      ],
      next: "k/1",
    });
    expect(
      (
        await ask(at(cluster, 2), "PUT", keyPath("k/0"), {
          body: "2",
          headers: { "if-none-match": "*" },
        })
      ).status,
    ).toBe(412);
    expect((await ask(at(cluster, 2), "DELETE", keyPath("k/0"))).status).toBe(200);
    expect(errorCode(await ask(at(cluster, 0), "DELETE", keyPath("k/0")))).toBe("key_not_found");
    expect(errorCode(await ask(at(cluster, 1), "GET", keyPath("k/0")))).toBe("key_not_found");
  });
});

test("status on every node names one leader, and where its API is", async () => {
  await using cluster = await startCluster("tcp", "memory", "msgpack");
  await allReady(cluster);
  const leader = cluster.servers.find(({ node }) => node.status().role === "leader");
  for (const { http } of cluster.servers) {
    expect(parsed(await ask(http, "GET", "/v1/status"))).toMatchObject({
      leaderId: leader?.node.id,
      leaderHttp: leader?.http,
      http,
    });
  }
});

test("of concurrent compare-and-sets on all nodes exactly one wins each round", async () => {
  await using cluster = await startCluster("tcp", "memory", "msgpack");
  await allReady(cluster);
  let etag = (await ask(at(cluster, 0), "PUT", "/v1/kv/c", { body: "0" })).headers.etag ?? "";
  for (let round = 1; round <= 10; round++) {
    const answers = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((i) =>
        ask(at(cluster, i), "PUT", "/v1/kv/c", {
          body: `${round}.${i}`,
          headers: { "if-match": etag },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 412, 412, 412, 412, 412,
    ]);
    etag = answers.find(({ status }) => status === 200)?.headers.etag ?? "";
    expect((await ask(at(cluster, round), "GET", "/v1/kv/c")).headers.etag).toBe(etag);
  }
});

test("without a majority: writes and reads end with 503 or 504, never with success; readyz is 503, healthz 200", async () => {
  await using cluster = await startCluster("tcp", "memory", "msgpack");
  await allReady(cluster);
  await cluster.servers[1]?.close();
  await cluster.servers[2]?.close();
  const { http } = cluster.servers[0] ?? { http: "" };
  await expect
    .poll(() => cluster.servers[0]?.node.status().leaderId, { timeout: 10_000 })
    .toBe(null);
  const put = await send(http, "PUT", "/v1/kv/a", { body: "1" });
  expect([put.status, errorCode(put), put.headers["retry-after"]]).toEqual([503, "no_leader", "1"]);
  expect((await send(http, "GET", "/v1/kv/a")).status).toBe(503);
  const ready = await send(http, "GET", "/readyz");
  expect([ready.status, errorCode(ready)]).toEqual([503, "not_ready"]);
  expect((await send(http, "GET", "/healthz")).status).toBe(200);
});

test("a node that was closed and started again catches up", async () => {
  await using cluster = await startCluster("tcp", "file", "msgpack");
  await allReady(cluster);
  await cluster.servers[2]?.close();
  await expect
    .poll(async () => (await send(at(cluster, 0), "PUT", "/v1/kv/later", { body: "x" })).status, {
      timeout: 10_000,
    })
    .toBeLessThan(300);
  await cluster.start(2);
  await allReady(cluster);
  expect((await send(at(cluster, 2), "GET", "/v1/kv/later")).body.toString()).toBe("x");
});

describe.each(["tcp", "http"])("rubbish on the peer port (%s)", (transport) => {
  test("ends the connection, is logged once and harms nothing", async () => {
    await using cluster = await startCluster(transport, "memory", "msgpack");
    await allReady(cluster);
    const before = cluster.lines.length;
    const { peer } = cluster.servers[0] ?? { peer: "" };
    for (const rubbish of [
      "\x16\x03\x01\x02\0\x01",
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "\xff".repeat(100_000),
      "POST /raft HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd",
    ]) {
      const client = await raw(peer);
      client.socket.end(Buffer.from(rubbish, "latin1"));
      await client.closed;
    }
    expect((await ask(at(cluster, 0), "PUT", "/v1/kv/after", { body: "x" })).status).toBe(201);
    expect((await ask(at(cluster, 1), "GET", "/v1/kv/after")).body.toString()).toBe("x");
    const complaints = cluster.lines
      .slice(before)
      // Others tell of a busy machine: a blocked event loop, a leader that isn't heard.
      .filter(({ fields }) => "err" in fields)
      .map(({ message }) => message);
    expect(complaints).toHaveLength(1);
  });
});
