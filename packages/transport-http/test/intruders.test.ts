// What comes in from strangers: refused with the right status, before it costs anything, and
// without any effect.
import { describe, expect, test } from "vitest";
import { MAX_BODY_BYTES } from "../src/pieces.js";
import {
  type Network,
  type TestNode,
  bytes,
  createNetwork,
  pair,
  quiet,
  seeded,
  send,
} from "./support.js";

const N2 = "http://n2.test/raft";
const HELLO = "2 green n1 incarnation-of-n1 1 json http://n1.test/raft 8388608 n2";

async function post(
  network: Network,
  body: BodyInit | null,
  headers: Record<string, string> = { "raftkit-hello": HELLO },
): Promise<readonly [number, unknown]> {
  const init = { method: "POST", headers, body, duplex: "half" };
  const response = await network.call(N2, init);
  return [response.status, response.status === 204 ? null : await response.json()];
}

/** That nodes which had visitors still work, and know nobody new. */
async function stillWorks(a: TestNode, b: TestNode): Promise<void> {
  b.received.length = 0;
  expect(send(a, "n2", "hello")).toBe(true);
  await quiet();
  expect(b.texts()).toEqual(["hello"]);
  expect(b.unreachable).toEqual([]);
}

describe("rubbish", () => {
  test("in the header is answered 400", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    for (const hello of [
      "",
      "2",
      "x",
      HELLO.replace(" n2", ""),
      HELLO.replace(" 8388608", ""),
      HELLO.replace("8388608", "8e6"),
      HELLO.replace("8388608", "0"),
      `${HELLO} more`,
      HELLO.replace("green", "gr/een"),
      HELLO.replace(" 1 json", " -1 json"),
      HELLO.replace(" 1 json", " 9007199254740993 json"),
      HELLO.replace(" 1 json", " 01 json"),
      HELLO.replace("json", "JSON"),
      HELLO.replace("http://n1.test/raft", "ftp://n1.test/raft"),
      HELLO.replace("http://n1.test/raft", "nowhere"),
      HELLO.replace("incarnation-of-n1", "short"),
      `${HELLO}, ${HELLO}`,
    ]) {
      expect(await post(network, null, { "raftkit-hello": hello })).toMatchObject([
        400,
        { error: { code: "BAD_REQUEST" } },
      ]);
    }
    expect(await post(network, null, {})).toEqual([
      400,
      {
        error: {
          code: "BAD_REQUEST",
          message:
            'a request lacks the header "raftkit-hello"; only nodes of a raftkit cluster may call here',
        },
      },
    ]);
    expect(b.rejected).toHaveLength(1);
    await stillWorks(a, b);
  });

  test("in the body is answered 400 or, where by chance it can be read, harms nothing (seeds 1 to 400)", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    send(a, "n2", "a real frame");
    await quiet();
    const real = network.requests[0]?.body ?? new Uint8Array(0);
    const statuses = new Set<number>();
    for (let seed = 1; seed <= 400; seed++) {
      const random = seeded(seed);
      const body =
        seed % 2 === 0 ? Uint8Array.from(real) : new Uint8Array(Math.floor(random() * 200));
      for (let flips = seed % 2 === 0 ? 1 + random() * 3 : body.length; flips > 0; flips--) {
        body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
      }
      const [status] = await post(
        network,
        body.subarray(0, seed % 3 === 0 ? Math.floor(random() * body.length) : body.length),
      );
      statuses.add(status);
    }
    expect([...statuses].toSorted((x, y) => x - y)).toEqual([204, 400]);
    // An altered but readable frame counts as received: transports don't checksum what TCP and TLS
    // already did.
    for (const { frame } of b.received) expect(frame.length).toBeLessThanOrEqual(real.length);
    await stillWorks(a, b);
  });

  test("in an answer is reported without what can't be printed, and read up to a limit", async () => {
    const network = createNetwork();
    const [a] = await pair(network);
    network.faults.set(N2, async () =>
      Response.json(
        { error: { code: "CUT_OFF", message: "\u001b[2Jline\nbreak" } },
        { status: 429 },
      ),
    );
    send(a, "n2", "hello");
    await quiet();
    expect(a.rejected[0]?.message).toBe(`peer n2 at ${N2} refused this node: ?[2Jline?break`);
    let pulled = 0;
    network.faults.set(
      N2,
      async () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              pulled += 1;
              controller.enqueue(new Uint8Array(1_000));
            },
          }),
          { status: 400 },
        ),
    );
    network.clock.advance(1_000);
    send(a, "n2", "hello");
    await quiet();
    expect(a.rejected[1]?.code).toBe("NOT_RAFTKIT");
    expect(pulled).toBeLessThan(10);
  });
});

describe("a body that is too large", () => {
  test("is refused by its announced length, unread", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void (pulled += 1) }, { highWaterMark: 0 });
    expect(
      await post(network, body, {
        "raftkit-hello": HELLO,
        "content-length": `${MAX_BODY_BYTES + 1}`,
      }),
    ).toMatchObject([413, { error: { code: "BODY_TOO_LARGE" } }]);
    expect(pulled).toBe(0);
    await stillWorks(a, b);
  });

  test("is refused while it is read, and read no further", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream({
      cancel: () => void (cancelled = true),
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    expect(await post(network, body)).toMatchObject([413, { error: { code: "BODY_TOO_LARGE" } }]);
    expect(cancelled).toBe(true);
    expect(pulled * 10_000).toBeLessThan(MAX_BODY_BYTES + 50_000);
    await stillWorks(a, b);
  });
});

describe("a body that doesn't come", () => {
  const endless = (): ReadableStream =>
    new ReadableStream({ start: (controller) => controller.enqueue(bytes("x")) });

  test("is given up after the timeout", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const pending = post(network, endless());
    await quiet();
    network.clock.advance(2_000);
    expect(await pending).toMatchObject([408, { error: { code: "REQUEST_TIMEOUT" } }]);
    expect(network.clock.pending()).toBe(0);
    expect(b.rejected).toEqual([]);
    await stillWorks(a, b);
  });

  test("because somebody read it before is the mount's mistake, and says so", async () => {
    const network = createNetwork();
    const [, b] = await pair(network);
    const request = new Request(N2, {
      method: "POST",
      headers: { "raftkit-hello": HELLO },
      body: "x",
    });
    await request.text();
    await expect(b.transport.handler(request)).rejects.toThrow(
      "mount the handler before any body parser",
    );
  });
});

describe("other methods", () => {
  test.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])("%s is answered 405", async (method) => {
    const network = createNetwork();
    const [, b] = await pair(network);
    const response = await network.call(N2, { method, headers: { "raftkit-hello": HELLO } });
    expect([
      response.status,
      response.headers.get("allow"),
      response.headers.get("raftkit-hello"),
    ]).toEqual([405, "POST", null]);
    expect(b.rejected).toEqual([]);
  });
});

describe("authentication", () => {
  const authenticate = (request: Request): boolean =>
    request.headers.get("authorization") === "Bearer right";

  test("passes those who have the credentials, from a fixed or a renewed header", async () => {
    const network = createNetwork();
    let renewals = 0;
    const a = await network.node(
      "n1",
      {},
      {
        authenticate,
        headers: { authorization: "Bearer right", "Raftkit-Hello": "can't be overridden" },
      },
    );
    const b = await network.node(
      "n2",
      {},
      {
        authenticate: (request) => Promise.resolve(authenticate(request)),
        headers: async () => ({
          authorization: renewals++ === 0 ? "Bearer right" : "Bearer wrong",
        }),
      },
    );
    a.transport.setPeers([b.peer()], []);
    send(a, "n2", "hello");
    await quiet();
    send(b, "n1", "answer");
    await quiet();
    expect([a.texts(), b.texts()]).toEqual([["answer"], ["hello"]]);
    send(b, "n1", "expired");
    await quiet();
    expect(b.rejected.map(({ code }) => code)).toEqual(["UNAUTHORIZED"]);
  });

  test("answers the others 401, tells them nothing, and reads nothing of theirs", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const b = await network.node("n2", {}, { authenticate });
    a.transport.setPeers([b.peer()], []);
    send(a, "n2", "hello");
    await quiet();
    const message =
      "a request lacks valid credentials; check the headers option of the caller, and authenticate on this node";
    expect(a.rejected.map((error) => [error.code, error.message])).toEqual([
      ["UNAUTHORIZED", `peer n2 at ${N2} refused this node: ${message}`],
    ]);
    expect(b.rejected.map((error) => [error.code, error.message])).toEqual([
      ["UNAUTHORIZED", message],
    ]);
    expect([b.received, send(b, "n1", "who?")]).toEqual([[], false]);
    for (const hello of [HELLO, "rubbish"]) {
      const response = await network.call(N2, {
        method: "POST",
        headers: { "raftkit-hello": hello },
      });
      expect([response.status, response.headers.get("raftkit-hello")]).toEqual([401, null]);
    }
  });

  test("that throws lets nobody in, and the cause is reported", async () => {
    const network = createNetwork();
    const cause = new Error("the key store is down");
    const a = await network.node(
      "n1",
      {},
      {
        headers: () => {
          throw cause;
        },
      },
    );
    const b = await network.node("n2", {}, { authenticate: () => Promise.reject(cause) });
    expect((await post(network, null))[0]).toBe(401);
    expect(b.rejected[0]?.cause).toBe(cause);
    a.transport.setPeers([b.peer()], []);
    send(a, "n2", "hello");
    await quiet();
    expect([a.rejected[0]?.cause, a.unreachable, network.requests.length]).toEqual([
      cause,
      ["n2"],
      0,
    ]);
  });
});
