// Each fault of a link really bites, in its own direction, and is gone when it is healed.
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { CLEAR, ruleOf } from "../src/chaos/network/link-rule.js";
import { startNetwork } from "../src/chaos/network/network.js";
import type { Network } from "../src/chaos/network/network.js";
import { resetSocket } from "../src/chaos/network/proxied-connections.js";

const WAIT = { timeout: 10_000, interval: 5 };

interface Line {
  readonly socket: Socket;
  /** What arrived. */
  text(): string;
  /** "reset", "ended", or nothing yet. */
  end(): string;
}

function lineOf(socket: Socket): Line {
  let [text, end] = ["", ""];
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  socket.once("end", () => (end ||= "ended"));
  socket.once(
    "error",
    (error: NodeJS.ErrnoException) =>
      (end = error.code === "ECONNRESET" ? "reset" : String(error.code)),
  );
  onTestFinished(() => void socket.destroy());
  return { socket, text: () => text, end: () => end };
}

/**
 * Two nodes, 0 and 1, with a proxy each way; `dial` is node 0's connection to node 1, `answerer`
 * what 1 sees of it.
 */
async function twoNodes(): Promise<{
  readonly network: Network;
  dial(): Promise<{ readonly near: Line; readonly far: Line }>;
  dialAlone(): Line;
}> {
  const accepted: Line[] = [];
  const server = createServer((socket) => accepted.push(lineOf(socket)));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const network = await startNetwork([port, port], () => 0.5);
  onTestFinished(async () => {
    await network.close();
    for (const { socket } of accepted) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const dialAlone = (): Line => lineOf(connect(network.port(0, 1), "127.0.0.1"));
  return {
    network,
    dialAlone,
    async dial() {
      const [before, near] = [accepted.length, dialAlone()];
      near.socket.write("hello");
      await vi.waitFor(() => expect(accepted[before]?.text()).toBe("hello"), WAIT);
      const far = accepted[before];
      if (far === undefined) throw new Error("nobody came");
      return { near, far };
    },
  };
}

/**
 * Whatever was written before this resolves has had time to come in: a second connection made the
 * same way in full.
 */
const passed = async (at: { dial(): Promise<unknown> }): Promise<void> => void (await at.dial());

describe("a clear link", () => {
  test("carries bytes both ways, counts them, and passes an end on", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    far.socket.write("welcome");
    await vi.waitFor(() => expect(near.text()).toBe("welcome"), WAIT);
    expect(nodes.network.totals()).toEqual({
      proxies: 2,
      carriedBytes: 12,
      droppedBytes: 0,
      delayedBytes: 0,
      resetConnections: 0,
    });
    near.socket.end();
    await vi.waitFor(() => expect(far.end()).toBe("ended"), WAIT);
  });

  test("carries more than fits into buffers, in order", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    const much = Array.from({ length: 400_000 }, (_, i) => `${i};`).join("");
    near.socket.write(much);
    await vi.waitFor(() => expect(far.text().length).toBe(much.length + 5), WAIT);
    expect(far.text()).toBe(`hello${much}`);
  });
});

describe("a cut", () => {
  test("resets what is there and what comes, one way, until it is healed", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    const heal = nodes.network.impose([[0, 1]], { type: "cut" });
    await vi.waitFor(() => expect([near.end(), far.end()]).toEqual(["reset", "reset"]), WAIT);
    const another = nodes.dialAlone();
    await vi.waitFor(() => expect(another.end()).toBe("reset"), WAIT);
    heal();
    await passed(nodes);
    expect(nodes.network.totals().resetConnections).toBe(2);
    expect([nodes.network.impact([0, 1]), nodes.network.impact([1, 0])]).toMatchObject([
      { resetConnections: 2 },
      { resetConnections: 0 },
    ]);
  });

  test("of the way back leaves it alone", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    nodes.network.impose([[1, 0]], { type: "cut" });
    near.socket.write("!");
    far.socket.write("?");
    await vi.waitFor(() => expect([far.text(), near.text()]).toEqual(["hello!", "?"]), WAIT);
  });
});

describe("a blackhole", () => {
  test("swallows one way in silence; the other way goes on; healing resets what has lost bytes", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    const heal = nodes.network.impose([[0, 1]], { type: "blackhole" });
    near.socket.write("lost");
    far.socket.write("found");
    await vi.waitFor(
      () => expect([nodes.network.totals().droppedBytes, near.text()]).toEqual([4, "found"]),
      WAIT,
    );
    expect([far.text(), near.end(), far.end()]).toEqual(["hello", "", ""]);
    expect([nodes.network.impact([0, 1]), nodes.network.impact([1, 0])]).toEqual([
      { droppedBytes: 4, delayedBytes: 0, resetConnections: 0 },
      { droppedBytes: 0, delayedBytes: 0, resetConnections: 0 },
    ]);
    heal();
    await vi.waitFor(() => expect([near.end(), far.end()]).toEqual(["reset", "reset"]), WAIT);
    expect(far.text()).toBe("hello");
  });

  test("of the way back swallows what comes on connections that the other side has dialled", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    nodes.network.impose([[1, 0]], { type: "blackhole" });
    far.socket.write("lost");
    near.socket.write("!");
    await vi.waitFor(
      () => expect([nodes.network.impact([1, 0]).droppedBytes, far.text()]).toEqual([4, "hello!"]),
      WAIT,
    );
    expect(nodes.network.impact([0, 1]).droppedBytes).toBe(0);
  });

  test("accepts new connections and says nothing; nobody hears of an end", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    nodes.network.impose([[0, 1]], { type: "blackhole" });
    const silent = nodes.dialAlone();
    silent.socket.write("hello?");
    near.socket.resetAndDestroy();
    await vi.waitFor(() => expect(nodes.network.totals().droppedBytes).toBe(6), WAIT);
    expect([silent.text(), silent.end(), far.end()]).toEqual(["", "", ""]);
  });
});

describe("a delay", () => {
  test("holds bytes back for its time, in order", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    nodes.network.impose([[0, 1]], { type: "delay", latencyMs: 200, jitterMs: 100 });
    const began = performance.now();
    near.socket.write("a");
    await vi.waitFor(() => expect(nodes.network.totals().delayedBytes).toBe(1), WAIT);
    near.socket.write("b");
    await vi.waitFor(() => expect(far.text()).toBe("helloab"), WAIT);
    expect(performance.now() - began).toBeGreaterThanOrEqual(249);
  });

  test("lets go of what it holds when it is healed", async () => {
    const nodes = await twoNodes();
    const { near, far } = await nodes.dial();
    const heal = nodes.network.impose([[0, 1]], {
      type: "delay",
      latencyMs: 3_600_000,
      jitterMs: 0,
    });
    near.socket.write("late");
    await vi.waitFor(() => expect(nodes.network.totals().delayedBytes).toBe(4), WAIT);
    heal();
    await vi.waitFor(() => expect(far.text()).toBe("hellolate"), WAIT);
  });
});

test("a throttle lets so many bytes pass a second", async () => {
  const nodes = await twoNodes();
  const { near, far } = await nodes.dial();
  nodes.network.impose([[0, 1]], { type: "throttle", bytesPerSecond: 10_000 });
  const began = performance.now();
  near.socket.write("x".repeat(2000));
  await vi.waitFor(() => expect(far.text().length).toBe(2005), WAIT);
  expect(performance.now() - began).toBeGreaterThanOrEqual(199);
});

test("faults on one link add up, and each is taken away by itself", async () => {
  expect(ruleOf([])).toEqual(CLEAR);
  expect(
    ruleOf([
      { type: "delay", latencyMs: 10, jitterMs: 1 },
      { type: "delay", latencyMs: 5, jitterMs: 2 },
      { type: "throttle", bytesPerSecond: 7 },
      { type: "throttle", bytesPerSecond: 9 },
      { type: "cut" },
    ]),
  ).toEqual({ cut: true, blackhole: false, latencyMs: 15, jitterMs: 3, bytesPerSecond: 7 });
  const nodes = await twoNodes();
  const first = nodes.network.impose([[0, 1]], { type: "cut" });
  nodes.network.impose([[0, 1]], { type: "cut" });
  first();
  const refused = nodes.dialAlone();
  await vi.waitFor(() => expect(refused.end()).toBe("reset"), WAIT);
  nodes.network.heal();
  await passed(nodes);
});

test("a connection that is reset in the turn in which it ended is closed", async () => {
  const server = createServer((socket) => void socket.on("error", () => {}));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const socket = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  await new Promise<void>((resolve) => void socket.once("connect", resolve));
  const closed = new Promise<string>((resolve) => {
    socket.once("close", () => resolve("closed"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
  socket.end();
  resetSocket(socket);
  expect(await closed).toBe("closed");
});
