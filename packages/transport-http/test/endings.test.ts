// After the end of a transport nothing of it is left, and after the end of one peer's patience the
// others notice nothing.
import { expect, test } from "vitest";
import { createHttpTransport } from "../src/index.js";
import {
  bytes,
  createNetwork,
  deferred,
  localNode,
  manualClock,
  pair,
  pattern,
  quiet,
  send,
  startNode,
} from "./support.js";

const N2 = "http://n2.test/raft";

test("five restarts in the middle of everything leave no timer", async () => {
  const network = createNetwork();
  const b = await network.node("n2");
  network.faults.set("http://n3.test/raft", () => new Promise(() => undefined));
  for (let run = 1; run <= 5; run++) {
    const a = await network.node("n1", { run });
    a.transport.setPeers([b.peer(), { id: "n3", address: "http://n3.test/raft" }], []);
    b.transport.setPeers([a.peer()], []);
    send(a, "n2", "hello");
    send(a, "n3", "never answered");
    send(b, "n1", "hello");
    const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes("x")) });
    const headers = {
      "raftkit-hello": "2 green n9 incarnation-of-n9 1 json http://n9.test/raft 8388608 n1",
    };
    const init = { method: "POST", headers, body, duplex: "half" };
    const coming = a.transport.handler(new Request(a.local.address, init));
    await quiet();
    expect(network.clock.pending()).toBe(2);
    await a.transport.close();
    expect((await coming).status).toBe(503);
    expect(network.clock.pending()).toBe(0);
  }
  expect(b.texts()).toHaveLength(5);
});

test("no handler is called once close resolved: by a body that ends as it closes, credentials that are still checked, or a refusal", async () => {
  const clock = manualClock();
  const checked = deferred<boolean>();
  const transport = createHttpTransport({
    clock,
    authenticate: ({ headers }) => headers.get("authorization") === null || checked.promise,
  });
  const node = await startNode(localNode("n2"), transport);
  const request = (headers: Record<string, string>, body: BodyInit): Request => {
    const hello = "2 green n1 incarnation-of-n1 1 json http://n1.test/raft 8388608 n2";
    const init = { method: "POST", body, duplex: "half" };
    return new Request(N2, { ...init, headers: { "raftkit-hello": hello, ...headers } });
  };
  const ends: (() => void)[] = [];
  const slow = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytes("no head of a piece"));
        ends.push(() => controller.close());
      },
    });
  const pending = [
    transport.handler(request({}, slow())),
    transport.handler(request({ authorization: "slow" }, "x")),
    transport.handler(request({ authorization: "slow", "raftkit-hello": "rubbish" }, "x")),
  ];
  await quiet();
  for (const end of ends) end();
  const closed = transport.close();
  await closed;
  checked.resolve(false);
  const answers = await Promise.all(pending);
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
  await quiet();
  expect([node.received, node.rejected, node.unreachable, clock.pending()]).toEqual([
    [],
    [],
    [],
    0,
  ]);
});

test("each peer has a queue of its own: a full one takes nothing from the others", async () => {
  const network = createNetwork();
  const [a, b] = await pair(network, { maxFrameBytes: 100_000, maxQueueBytes: 200_000 });
  a.transport.setPeers([b.peer(), { id: "n3", address: "http://n3.test/raft" }], []);
  network.faults.set("http://n3.test/raft", () => new Promise(() => undefined));
  const frame = pattern(60_000);
  while (a.transport.send("n3", [frame]));
  for (let i = 0; i < 3; i++) expect(a.transport.send("n2", [frame])).toBe(true);
  await quiet();
  expect([b.received.length, a.unreachable]).toEqual([3, ["n3"]]);
});
