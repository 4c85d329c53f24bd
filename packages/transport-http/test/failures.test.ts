// What happens when requests fail, hang or pile up. Time is manual: nothing here waits.
import { describe, expect, test } from "vitest";
import { createHttpTransport } from "../src/index.js";
import {
  bytes,
  createNetwork,
  deferred,
  manualClock,
  pair,
  pattern,
  quiet,
  send,
  startNode,
  localNode,
} from "./support.js";

const N2 = "http://n2.test/raft";

describe("a failed request", () => {
  test("is reported, is never sent again, and takes what waited behind it along", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    network.faults.set(N2, async (deliver) => {
      await deliver();
      throw new TypeError("the connection was lost before the answer came");
    });
    send(a, "n2", "arrives, but nobody knows");
    await Promise.resolve();
    send(a, "n2", "waits");
    await quiet();
    expect(a.unreachable).toEqual(["n2"]);
    network.faults.clear();
    network.clock.advance(1_000);
    send(a, "n2", "later");
    await quiet();
    expect(b.texts()).toEqual(["arrives, but nobody knows", "later"]);
  });

  test("is followed by a back-off that doubles up to a second", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    a.transport.setPeers([{ id: "n2", address: N2 }], []);
    const pausesMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      expect(send(a, "n2", "hello")).toBe(true);
      await quiet();
      let pauseMs = 0;
      for (; !send(a, "n2", "probe"); pauseMs++) network.clock.advance(1);
      pausesMs.push(pauseMs);
      await quiet();
      network.clock.advance(1_000);
      // The probe failed as well: two failures a round.
    }
    expect(pausesMs).toEqual([25, 100, 400, 1_000, 1_000, 1_000, 1_000, 1_000]);
    expect(a.unreachable).toHaveLength(network.requests.length);
  });

  test("counts anew after a success", async () => {
    const network = createNetwork();
    const [a] = await pair(network);
    for (const works of [false, false, false, true, false]) {
      network.faults.set(N2, (deliver) =>
        works ? deliver() : Promise.reject(new TypeError("connect ECONNREFUSED")),
      );
      network.clock.advance(1_000);
      send(a, "n2", "hello");
      await quiet();
    }
    network.clock.advance(25);
    expect(send(a, "n2", "hello")).toBe(true);
  });

  test("is spread by chance: up to half of the back-off is taken off", async () => {
    const network = createNetwork();
    const a = await network.node("n1", {}, { random: () => 0.5 });
    a.transport.setPeers([{ id: "n2", address: N2 }], []);
    send(a, "n2", "hello");
    await quiet();
    network.clock.advance(18);
    expect(send(a, "n2", "hello")).toBe(false);
    network.clock.advance(1);
    expect(send(a, "n2", "hello")).toBe(true);
  });

  test("is forgiven at once when the peer speaks", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    network.faults.set(N2, () => Promise.reject(new TypeError("connect ECONNREFUSED")));
    send(a, "n2", "lost");
    await quiet();
    expect(send(a, "n2", "refused")).toBe(false);
    network.faults.clear();
    send(b, "n1", "I am back");
    await quiet();
    expect(send(a, "n2", "welcome")).toBe(true);
    await quiet();
    expect(b.texts()).toEqual(["welcome"]);
  });

  test("with a status of the server's own (5xx) is no rejection", async () => {
    const network = createNetwork();
    const [a] = await pair(network);
    network.faults.set(N2, async () => new Response("bad gateway", { status: 502 }));
    send(a, "n2", "hello");
    await quiet();
    expect([a.unreachable, a.rejected]).toEqual([["n2"], []]);
  });
});

describe("a hung peer", () => {
  test("is given up after the timeout, even by a fetch that ignores its signal, and stalls nobody else", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network, { requestTimeoutMs: 700 });
    const c = await network.node("n3");
    a.transport.setPeers([b.peer(), c.peer()], []);
    let signal: AbortSignal | null | undefined;
    network.faults.set(N2, (_deliver, init) => {
      signal = init.signal;
      return new Promise(() => undefined);
    });
    for (let i = 0; i < 20; i++) {
      expect(send(a, "n2", `${i}`)).toBe(true);
      expect(send(a, "n3", `${i}`)).toBe(true);
      await quiet();
    }
    expect(c.received).toHaveLength(20);
    expect(network.requests.filter(({ url }) => url === N2)).toHaveLength(1);
    network.clock.advance(699);
    await quiet();
    expect([a.unreachable, signal?.aborted]).toEqual([[], false]);
    network.clock.advance(1);
    await quiet();
    expect([a.unreachable, signal?.aborted]).toEqual([["n2"], true]);
    network.faults.clear();
    network.clock.advance(25);
    expect(send(a, "n2", "again")).toBe(true);
    await quiet();
    expect(b.texts()).toEqual(["again"]);
    expect(network.clock.pending()).toBe(0);
  });

  test("whose answer comes after it was given up changes nothing any more", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const late = deferred<Response>();
    network.faults.set(N2, () => late.promise);
    send(a, "n2", "hello");
    await quiet();
    network.clock.advance(2_000);
    await quiet();
    late.resolve(new Response("no", { status: 401 }));
    await quiet();
    expect([a.unreachable, a.rejected, b.received]).toEqual([["n2"], [], []]);
  });

  test("holds a bounded number of bytes: what is beyond is dropped and reported", async () => {
    const network = createNetwork();
    const [a] = await pair(network, { maxFrameBytes: 10_000, maxQueueBytes: 50_000 });
    network.faults.set(N2, () => new Promise(() => undefined));
    send(a, "n2", "in flight");
    await quiet();
    const frame = pattern(10_000);
    const accepted = Array.from({ length: 10 }, () => a.transport.send("n2", [frame]));
    expect(accepted).toEqual([true, true, true, true, false, false, false, false, false, false]);
    expect(a.unreachable).toEqual([]);
    await quiet();
    expect(a.unreachable).toEqual(["n2"]);
    let empty = 0;
    while (empty < 10_000 && a.transport.send("n2", [])) empty += 1;
    expect(empty).toBeLessThan(200);
  });
});

test("what has left the queue makes room in it", async () => {
  const network = createNetwork();
  const [a, b] = await pair(network, { maxFrameBytes: 100_000, maxQueueBytes: 350_000 });
  let gate = deferred<void>();
  network.faults.set(N2, async (deliver) => {
    await gate.promise;
    return deliver();
  });
  const push = (): boolean => a.transport.send("n2", [pattern(100_000)]);
  expect([push(), push(), push(), push()]).toEqual([true, true, true, false]);
  await quiet();
  expect(push()).toBe(false);
  const first = gate;
  gate = deferred();
  first.resolve();
  await quiet();
  // The second piece left, and with it the first frame as a whole.
  expect([push(), push()]).toEqual([true, false]);
  gate.resolve();
  await quiet();
  expect(b.received).toHaveLength(4);
});

describe("disconnect", () => {
  test("silences a peer in both directions for a while, but not its next run", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    send(a, "n2", "rubbish");
    await quiet();
    const from = b.received[0]?.from;
    if (from === undefined) throw new Error("a frame was expected");
    b.transport.disconnect({ ...from, run: 0 });
    expect(send(b, "n1", "not the run that was meant")).toBe(true);
    await quiet();
    b.transport.disconnect(from);
    b.transport.disconnect({ id: "unknown", incarnation: "incarnation-unknown", run: 1 });
    expect(send(b, "n1", "no")).toBe(false);
    send(a, "n2", "more rubbish");
    await quiet();
    expect(b.texts()).toEqual(["rubbish"]);
    expect(a.rejected.map(({ code, message }) => [code, message])).toEqual([
      [
        "CUT_OFF",
        `peer n2 at ${N2} refused this node: n2 refused what n1 sent, and hears nothing of it for about a second; the log of n2 says why`,
      ],
    ]);
    expect(b.rejected).toEqual([]);
    const restarted = await network.node("n1", { run: 2 });
    restarted.transport.setPeers([b.peer()], []);
    send(restarted, "n2", "better");
    await quiet();
    expect(b.texts()).toEqual(["rubbish", "better"]);
    expect(send(b, "n1", "yes")).toBe(true);
  });

  test("while a body comes in keeps it away", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    send(a, "n2", "rubbish");
    await quiet();
    let end = (): void => undefined;
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(network.requests[0]?.body);
        end = () => controller.close();
      },
    });
    const init = {
      method: "POST",
      headers: network.requests[0]?.headers ?? {},
      body: stream,
      duplex: "half",
    };
    const pending = network.call(N2, init);
    await quiet();
    b.transport.disconnect({ id: "n1", incarnation: "incarnation-of-n1", run: 1 });
    end();
    expect((await pending).status).toBe(503);
    expect(b.texts()).toEqual(["rubbish"]);
  });

  test("ends after about a second", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    send(a, "n2", "rubbish");
    await quiet();
    b.transport.disconnect({ id: "n1", incarnation: "incarnation-of-n1", run: 1 });
    network.clock.advance(999);
    expect(send(b, "n1", "no")).toBe(false);
    network.clock.advance(1);
    expect(send(b, "n1", "yes")).toBe(true);
    send(a, "n2", "better");
    await quiet();
    expect([a.texts(), b.texts()]).toEqual([["yes"], ["rubbish", "better"]]);
  });

  test("from within receive keeps the rest of the request away", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const texts: string[] = [];
    const transport = createHttpTransport({ clock: network.clock });
    await transport.start(localNode("n2"), {
      receive(from, frame) {
        texts.push(new TextDecoder().decode(frame));
        transport.disconnect(from);
      },
      met: () => undefined,
      unreachable: () => undefined,
      rejected: () => undefined,
    });
    network.faults.set(N2, (_deliver, init) => transport.handler(new Request(N2, init)));
    a.transport.setPeers([{ id: "n2", address: N2 }], []);
    send(a, "n2", "rubbish");
    send(a, "n2", "more");
    await quiet();
    expect(texts).toEqual(["rubbish"]);
  });
});

describe("close", () => {
  test("aborts what is in flight, leaves no timer, and calls no handler any more", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const gate = deferred<void>();
    let signal: AbortSignal | null | undefined;
    network.faults.set(N2, async (deliver, init) => {
      signal = init.signal;
      await gate.promise;
      return deliver();
    });
    send(a, "n2", "in flight");
    await quiet();
    send(a, "n2", "waits");
    expect(network.clock.pending()).toBe(1);
    await a.transport.close();
    expect([signal?.aborted, network.clock.pending()]).toEqual([true, 0]);
    gate.resolve();
    await quiet();
    expect([a.unreachable, a.rejected, network.requests.length]).toEqual([[], [], 1]);
    expect(send(a, "n2", "after")).toBe(false);
    a.transport.setPeers([b.peer()], []);
    a.transport.disconnect({ id: "n2", incarnation: "incarnation-of-n2", run: 1 });
    await a.transport.close();
    const response = await network.call(a.local.address, { method: "POST" });
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: { code: "UNAVAILABLE", message: "this node is not running" } },
    ]);
  });

  test("ends requests that are still coming in", async () => {
    const network = createNetwork();
    const [, b] = await pair(network);
    const cancelled = deferred<string>();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(bytes("x")),
      cancel: () => cancelled.resolve("cancelled"),
    });
    const headers = {
      "raftkit-hello": `2 green n1 incarnation-of-n1 1 json http://n1.test/raft 8388608 n2`,
    };
    const init = { method: "POST", headers, body, duplex: "half" };
    const pending = b.transport.handler(new Request(N2, init));
    await quiet();
    expect(network.clock.pending()).toBe(1);
    await b.transport.close();
    expect([(await pending).status, await cancelled.promise, network.clock.pending()]).toEqual([
      503,
      "cancelled",
      0,
    ]);
  });

  test("needs no start, and no second start follows it", async () => {
    const transport = createHttpTransport({ clock: manualClock() });
    expect(transport.send("n2", [])).toBe(false);
    transport.setPeers([], []);
    expect((await transport.handler(new Request(N2))).status).toBe(503);
    await transport.close();
    await expect(startNode(localNode("n1"), transport)).rejects.toMatchObject({
      code: "ALREADY_STARTED",
    });
  });
});
