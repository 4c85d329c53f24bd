// What is sent arrives: whole, unchanged, in order, together where it can be, and split where it
// must be.
import { describe, expect, test, vi } from "vitest";
import { MAX_BODY_BYTES, MAX_PIECE_BYTES, readPieces } from "../src/pieces.js";
import { createReassembly } from "../src/reassembly.js";
import {
  bytes,
  createNetwork,
  deferred,
  digests,
  pair,
  pattern,
  quiet,
  seeded,
  send,
} from "./support.js";

const N2 = "http://n2.test/raft";

describe("frames", () => {
  test("arrive as the concatenation of their parts, with the sender's identity", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    expect(a.transport.send("n2", [bytes("he"), bytes(""), bytes("llo")])).toBe(true);
    expect(a.transport.send("n2", [])).toBe(true);
    expect(a.transport.send("n2", [new Uint8Array(0)])).toBe(true);
    await quiet();
    expect(b.texts()).toEqual(["hello", "", ""]);
    // The receiver owns them: they share memory with nothing else.
    for (const { frame } of b.received) expect(frame.buffer.byteLength).toBe(frame.length);
    expect(b.received[0]?.from).toEqual({ id: "n1", incarnation: "incarnation-of-n1", run: 1 });
    expect(a.unreachable).toEqual([]);
  });

  test("are answered by requests of the other side", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    send(a, "n2", "ping");
    await quiet();
    send(b, "n1", "pong");
    await quiet();
    expect(a.texts()).toEqual(["pong"]);
    expect(network.requests.map(({ url }) => url)).toEqual([
      "http://n2.test/raft",
      "http://n1.test/raft",
    ]);
  });

  test("of one turn travel in one request", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const texts = Array.from({ length: 100 }, (_, i) => `frame ${i}`);
    for (const text of texts) send(a, "n2", text);
    expect(network.requests).toHaveLength(0);
    await quiet();
    expect(b.texts()).toEqual(texts);
    expect(network.requests).toHaveLength(1);
  });

  test("that come while a request is in flight wait for it and travel in the next one", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const gate = deferred<void>();
    network.faults.set(N2, async (deliver) => {
      await gate.promise;
      return deliver();
    });
    send(a, "n2", "first");
    await quiet();
    for (let i = 0; i < 50; i++) {
      send(a, "n2", `${i}`);
      await Promise.resolve();
    }
    await quiet();
    expect(network.requests).toHaveLength(1);
    gate.resolve();
    await quiet();
    expect(network.requests).toHaveLength(2);
    expect(b.texts()).toEqual(["first", ...Array.from({ length: 50 }, (_, i) => `${i}`)]);
  });

  test("never have two requests in flight to one peer, however they are sent", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    let [inFlight, mostInFlight] = [0, 0];
    const random = seeded(7);
    network.faults.set(N2, async (deliver) => {
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      for (let i = random() * 5; i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
      const response = await deliver();
      inFlight -= 1;
      return response;
    });
    const frames = Array.from({ length: 60 }, (_, i) => pattern(Math.floor(random() * 40_000), i));
    for (const frame of frames) {
      a.transport.send("n2", [frame]);
      if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 10; i++) await quiet();
    expect(b.digests()).toEqual(digests(frames));
    expect(mostInFlight).toBe(1);
  });
});

describe("large frames", () => {
  test("travel in pieces behind the small ones, which overtake them; each kind keeps its order", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const small = (i: number): Uint8Array => pattern(100, i);
    const [first, second] = [pattern(300_000, 100), pattern(200_000, 101)];
    let count = 0;
    network.faults.set(N2, (deliver) => {
      // One while the first piece is under way, one between two pieces, one between the frames.
      if ([1, 3, 6].includes(++count)) a.transport.send("n2", [small(count)]);
      return deliver();
    });
    a.transport.send("n2", [
      first.subarray(0, 1),
      first.subarray(1, 150_000),
      first.subarray(150_000),
    ]);
    a.transport.send("n2", [small(0)]);
    a.transport.send("n2", [second]);
    await quiet();
    await quiet();
    expect(b.digests()).toEqual(digests([small(0), small(1), small(3), first, small(6), second]));
    const sizes = network.requests.map(({ body }) => body.length);
    const [piece, added] = [MAX_PIECE_BYTES + 16, 116];
    expect(sizes).toEqual([
      added + piece,
      added + piece,
      piece,
      added + piece,
      300_000 - 4 * MAX_PIECE_BYTES + 16,
      piece,
      added + piece,
      piece,
      200_000 - 3 * MAX_PIECE_BYTES + 16,
    ]);
  });

  test("arrive though more small ones than a body holds are always waiting", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const flood = (): void => {
      for (let i = 0; i < 5; i++) a.transport.send("n2", [pattern(65_536)]);
    };
    let requestsOfLarge: number | undefined;
    network.faults.set(N2, async (deliver) => {
      if (network.requests.length < 20) flood();
      const response = await deliver();
      const isThere = b.received.some(({ frame }) => frame.length === 600_000);
      if (isThere) requestsOfLarge ??= network.requests.length;
      return response;
    });
    flood();
    a.transport.send("n2", [pattern(600_000)]);
    await vi.waitFor(() => expect(b.received).toHaveLength(20 * 5 + 1));
    expect(requestsOfLarge).toBe(Math.ceil(600_000 / MAX_PIECE_BYTES));
    for (const { body } of network.requests) {
      expect(body.length).toBeLessThanOrEqual(MAX_BODY_BYTES);
    }
  });

  test("of the largest size pass, of one byte more are refused by send", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network, { maxFrameBytes: 600_000 });
    const frame = pattern(600_000);
    expect(a.transport.maxFrameBytes).toBe(600_000);
    expect(a.transport.send("n2", [frame, new Uint8Array(1)])).toBe(false);
    expect(a.transport.send("n2", [frame])).toBe(true);
    await quiet();
    await quiet();
    expect(b.digests()).toEqual(digests([frame]));
  });

  test.each([65_535, 65_536, 65_537, 131_071, 131_072, 131_073])(
    "fit around the edge of a piece: %i bytes",
    async (length) => {
      const network = createNetwork();
      const [a, b] = await pair(network);
      const frames = [new Uint8Array(0), pattern(3, 2), pattern(length, 1)];
      for (const frame of frames) a.transport.send("n2", [frame]);
      await quiet();
      expect(b.digests()).toEqual(digests(frames));
      expect(network.requests).toHaveLength(Math.ceil(length / 65_536));
    },
  );

  test.each([-2, -1, 0, 1])(
    "small frames fit around the edge of a body: %i bytes off",
    async (off) => {
      const network = createNetwork();
      const [a, b] = await pair(network);
      // Three of the largest small ones and one that fills the rest, to the byte.
      const rest = MAX_BODY_BYTES - 3 * (MAX_PIECE_BYTES + 16) - 16;
      const frames = [
        pattern(65_536, 1),
        pattern(65_536, 2),
        pattern(65_536, 3),
        pattern(rest + off),
      ];
      for (const frame of frames) a.transport.send("n2", [frame]);
      await quiet();
      expect(b.digests()).toEqual(digests(frames));
      expect(network.requests).toHaveLength(off > 0 ? 2 : 1);
    },
  );

  test("that lose one piece are dropped, and the next frame arrives", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    let count = 0;
    network.faults.set(N2, async (deliver) => {
      if (++count !== 2) return deliver();
      // Says that it came, though it didn't: the receiver alone must notice.
      return new Response(null, {
        status: 204,
        headers: {
          "raftkit-hello": "2 green n2 incarnation-of-n2 1 json http://n2.test/raft 8388608 n1",
        },
      });
    });
    a.transport.send("n2", [pattern(150_000, 1)]);
    a.transport.send("n2", [pattern(150_000, 2)]);
    await quiet();
    expect(count).toBe(6);
    expect(b.digests()).toEqual(digests([pattern(150_000, 2)]));
    expect(b.rejected).toEqual([]);
  });

  test("that get one piece twice, or begun by one run and continued by the next, are dropped", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    a.transport.send("n2", [pattern(150_000)]);
    await quiet();
    const [first, second, third] = network.requests;
    if (first === undefined || second === undefined || third === undefined) {
      throw new Error("three requests were expected");
    }
    b.received.length = 0;
    const again = (request: typeof first, run = 1): Promise<Response> => {
      const headers = {
        "raftkit-hello": `2 green n1 incarnation-of-n1 ${run} json http://n1.test/raft 8388608 n2`,
      };
      return network.call(request.url, {
        method: "POST",
        headers,
        body: Uint8Array.from(request.body),
      });
    };
    for (const request of [first, second, second, third]) await again(request);
    expect(b.received).toEqual([]);
    await again(first);
    await again(second, 2);
    await again(third, 2);
    expect(b.received).toEqual([]);
    for (const request of [first, second, third]) await again(request, 2);
    expect(b.received).toHaveLength(1);
  });
});

test("pieces of two frames of one size are never joined", async () => {
  const network = createNetwork();
  const [a, b] = await pair(network);
  for (const seed of [1, 2]) {
    a.transport.send("n2", [pattern(150_000, seed)]);
    await quiet();
  }
  expect([network.requests.length, b.received.length]).toEqual([6, 2]);
  const [first, , , , second, third] = network.requests;
  for (const request of [first, second, third]) {
    const response = await network.call(N2, {
      method: "POST",
      headers: request?.headers ?? {},
      body: Uint8Array.from(request?.body ?? []),
    });
    expect(response.status).toBe(204);
  }
  expect(b.received).toHaveLength(2);
});

describe("a body", () => {
  test("is read into pieces, or not at all", () => {
    const head = (...numbers: number[]): number[] =>
      numbers.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
    const read = (...body: number[]): unknown => {
      const pieces = readPieces(Uint8Array.from(body), 100);
      return Array.isArray(pieces) ? pieces.length : pieces;
    };
    expect(read()).toBe(0);
    expect(read(...head(1, 2, 0, 2), 7, 7, ...head(2, 0, 0, 0))).toBe(2);
    expect(read(...head(1, 1, 0, 1), 7, ...head(2, 3, 2, 1), 7)).toBe(2);
    for (const [why, body] of Object.entries({
      "15 bytes are left over": head(1, 1, 0, 1).slice(1),
      "a piece ends beyond its body or its frame": head(1, 2, 0, 2),
      "a piece is empty": head(1, 2, 0, 0),
      "a frame of 101 bytes is above the limit of 100": [...head(1, 101, 0, 1), 7],
      "something follows a piece of a frame": [...head(1, 2, 0, 1), 7, ...head(2, 1, 0, 1), 7],
    })) {
      expect(read(...body)).toMatchObject({
        code: "BAD_REQUEST",
        message: `a request's body can't be read: ${why}; only nodes of a raftkit cluster may call here`,
      });
    }
    expect(read(...head(1, 2, 1, 1), 7, ...head(2, 1, 0, 1), 7)).toMatchObject({
      code: "BAD_REQUEST",
    });
    expect(read(...head(1, 100, 99, 2), 7, 7)).toMatchObject({ code: "BAD_REQUEST" });
  });
});

test("memory for a large frame grows with what arrives, not with what is announced", async () => {
  const reassembly = createReassembly();
  const total = 8 * 2 ** 20;
  let most = 0;
  for (let offset = 0; offset < total; offset += MAX_PIECE_BYTES) {
    const data = pattern(MAX_PIECE_BYTES, offset);
    const whole = reassembly.add({ frame: 1, total, offset, data });
    if (whole === undefined) most = Math.max(most, reassembly.heldBytes / (offset + data.length));
    else expect([whole.length, whole.buffer.byteLength]).toEqual([total, total]);
  }
  expect(most).toBeLessThanOrEqual(2);
  expect(reassembly.heldBytes).toBe(0);
  reassembly.add({ frame: 2, total, offset: 0, data: new Uint8Array(1) });
  expect(reassembly.heldBytes).toBe(1);
});
