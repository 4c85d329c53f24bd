// Seeds: URLs of which nobody has said yet who is there.
import { describe, expect, test } from "vitest";
import { bytes, createNetwork, localNode, quiet, send } from "./support.js";
import type { Network, TestNode } from "./support.js";

const N2 = "http://n2.test/raft";
const HELLO = "raftkit-hello";
const n2 = { id: "n2", incarnation: "incarnation-of-n2", run: 1 };

/** n1 has the seed N2, and n2 is there. */
async function met(network: Network): Promise<[TestNode, TestNode]> {
  const [a, b] = [await network.node("n1"), await network.node("n2")];
  a.transport.setPeers([], [N2]);
  await quiet();
  expect(a.met).toEqual([n2]);
  return [a, b];
}

/** Lets so many rounds of looking pass. */
async function rounds(network: Network, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await pass(network, 1000);
}

async function pass(network: Network, ms: number): Promise<void> {
  network.clock.advance(ms);
  await quiet();
}

const [PROXY, INSIDE] = ["http://proxy.test/n2", "http://inside.test/raft"];

/** The seed is a proxy to who is inside. */
async function meetBehindProxy(network: Network, node: TestNode): Promise<void> {
  network.faults.set(PROXY, (_deliver, init) => network.call(INSIDE, init));
  node.transport.setPeers([], [PROXY]);
  await quiet();
}

/** The proxy breaks. @returns where n2 is looked for then */
async function askedBehindBrokenProxy(network: Network, node: TestNode): Promise<string[]> {
  network.faults.set(PROXY, () => Promise.reject(new TypeError("no route")));
  await rounds(network, 2);
  const before = network.requests.length;
  send(node, "n2", "nothing");
  await quiet();
  return network.requests.slice(before).map(({ url }) => url);
}

describe("who answers at a seed", () => {
  test("is nobody where fetch refuses the port, and that is said once", async () => {
    const network = createNetwork();
    const seed = "http://127.0.0.1:6000/raft";
    const refused = new TypeError("fetch failed", { cause: new Error("bad port") });
    network.faults.set(seed, () => Promise.reject(refused));
    const a = await network.node("n1");
    a.transport.setPeers([], [seed]);
    await rounds(network, 3);
    expect(network.requests.length).toBeGreaterThan(1);
    expect(a.rejected.map(({ code }) => code)).toEqual(["BAD_ADDRESS"]);
    expect(a.rejected[0]?.message).toContain("fetch never connects to port 6000");
  });

  test("is met once while it answers, can be sent to there, and answers", async () => {
    const network = createNetwork();
    const [a, b] = await met(network);
    await rounds(network, 3);
    expect([a.met, b.met, a.rejected, b.rejected]).toEqual([[n2], [], [], []]);
    expect(network.requests.length).toBeGreaterThan(3);
    expect([send(a, "n2", "a question"), send(b, "n1", "an answer")]).toEqual([true, true]);
    await quiet();
    expect([b.texts(), a.texts()]).toEqual([["a question"], ["an answer"]]);
  });

  test("is sent to at the seed, though it says another address", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const behind = await network.node("n2", { address: "http://inside.test/raft" });
    const proxy = "http://proxy.test/n2";
    network.faults.set(proxy, (_deliver, init) => network.call("http://inside.test/raft", init));
    a.transport.setPeers([], [proxy]);
    await quiet();
    send(a, "n2", "through the proxy");
    await quiet();
    expect(behind.texts()).toEqual(["through the proxy"]);
    expect(new Set(network.requests.map(({ url }) => url))).toEqual(new Set([proxy]));
  });

  test("asks without a body and without a name", async () => {
    const network = createNetwork();
    await met(network);
    const [request] = network.requests;
    expect(request?.body).toEqual(new Uint8Array(0));
    expect(request?.headers.get(HELLO)?.split(" ").at(-1)).toBe("*");
  });

  test("is met when it comes later, again when it was away, and again with its next run", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    a.transport.setPeers([], [N2]);
    await rounds(network, 2);
    expect([a.met, a.rejected]).toEqual([[], []]);
    const b = await network.node("n2");
    await rounds(network, 1);
    network.faults.set(N2, () => Promise.reject(new TypeError("no route")));
    await rounds(network, 1);
    network.faults.clear();
    await rounds(network, 2);
    expect(a.met).toEqual([n2, n2]);
    await b.transport.close();
    await network.node("n2", { run: 2 });
    await rounds(network, 1);
    expect(a.met).toEqual([n2, n2, { ...n2, run: 2 }]);
  });

  test("can't be sent to once the seed left the list, unless it spoke itself", async () => {
    const network = createNetwork();
    const [a, b] = await met(network);
    a.transport.setPeers([], []);
    expect(send(a, "n2", "nothing")).toBe(false);
    const before = network.requests.length;
    await rounds(network, 3);
    expect([network.requests.length, network.clock.pending()]).toEqual([before, 0]);
    send(b, "n1", "I am here");
    await quiet();
    expect(send(a, "n2", "so you are")).toBe(true);
    await quiet();
    expect([a.texts(), b.texts()]).toEqual([["I am here"], ["so you are"]]);
  });

  test("stays reachable where it is, when it becomes a peer or one of its two seeds leaves", async () => {
    const network = createNetwork();
    const [a, b] = await met(network);
    const other = "http://other.test/n2";
    network.faults.set(other, (_deliver, init) => network.call(N2, init));
    a.transport.setPeers([], [N2, other]);
    await quiet();
    a.transport.setPeers([], [N2]);
    send(a, "n2", "at the first");
    await quiet();
    a.transport.setPeers([b.peer()], []);
    send(a, "n2", "as a peer");
    await quiet();
    expect(b.texts()).toEqual(["at the first", "as a peer"]);
    expect(a.met).toEqual([n2, n2]);
  });

  test("is not met while it is cut off, and met again then", async () => {
    const network = createNetwork();
    const [a] = await met(network);
    await pass(network, 900);
    a.transport.disconnect(n2);
    const asked = network.requests.length;
    await pass(network, 100);
    expect([network.requests.length, a.met]).toEqual([asked + 1, [n2]]);
    expect(send(a, "n2", "nothing")).toBe(false);
    await rounds(network, 3);
    expect([a.met, send(a, "n2", "again")]).toEqual([[n2, n2], true]);
  });

  test("keeps its place however many strangers come", async () => {
    const network = createNetwork();
    const [a, b] = await met(network);
    for (let i = 0; i < 40; i++) {
      const stranger = await network.node(`stranger-${i}`);
      stranger.transport.setPeers([a.peer()], []);
      send(stranger, "n1", "hello");
      await quiet();
    }
    expect([a.texts().length, send(a, "n2", "still there")]).toEqual([40, true]);
    await quiet();
    expect(b.texts()).toEqual(["still there"]);
  });

  test("is asked after pauses that double up to a second while nobody does", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    a.transport.setPeers([], [N2]);
    await quiet();
    const askedAt = [0];
    for (let ms = 25; ms <= 5000; ms += 25) {
      network.clock.advance(25);
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      if (network.requests.length > askedAt.length) askedAt.push(ms);
    }
    expect(askedAt).toEqual([0, 25, 75, 175, 375, 775, 1575, 2575, 3575, 4575]);
  });

  test("is answered where it says, once it spoke as another run and is no longer there", async () => {
    const network = createNetwork();
    const [a, b] = await met(network);
    const moved = await network.node("n2", { run: 2, address: "http://moved.test/raft" });
    moved.transport.setPeers([a.peer()], []);
    send(moved, "n1", "I moved");
    await quiet();
    // Somebody is still at the seed: there may be a proxy.
    send(a, "n2", "to the seed");
    await quiet();
    expect([b.texts(), moved.texts()]).toEqual([["to the seed"], []]);
    await b.transport.close();
    await rounds(network, 2);
    send(a, "n2", "where you are");
    await quiet();
    expect(moved.texts()).toEqual(["where you are"]);
    const back = await network.node("n2", { run: 3 });
    await rounds(network, 2);
    send(a, "n2", "back at the seed");
    await quiet();
    expect(back.texts()).toEqual(["back at the seed"]);
  });

  test("is sent to at the seed while nobody answers there, if no other run of it spoke", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const b = await network.node("n2", { address: INSIDE });
    b.transport.setPeers([a.peer()], []);
    await meetBehindProxy(network, a);
    send(b, "n1", "I am behind a proxy");
    expect(await askedBehindBrokenProxy(network, a)).toEqual([PROXY]);
    expect([a.met, b.texts()]).toEqual([[n2], []]);
  });

  test("is sent to at the seed while nobody answers there, if only an earlier run of it spoke", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const first = await network.node("n2", { address: "http://old.test/raft" });
    first.transport.setPeers([a.peer()], []);
    send(first, "n1", "I am at the old address");
    await quiet();
    await first.transport.close();
    await network.node("n2", { run: 2, address: INSIDE });
    await meetBehindProxy(network, a);
    expect(a.met).toEqual([{ ...n2, run: 2 }]);
    expect(await askedBehindBrokenProxy(network, a)).toEqual([PROXY]);
  });

  test("gives its place to whoever answers there next", async () => {
    const network = createNetwork();
    const [a] = await met(network);
    await network.node("n3", { address: N2 });
    await rounds(network, 1);
    expect(a.met.map(({ id }) => id)).toEqual(["n2", "n3"]);
    expect([send(a, "n2", "nothing"), send(a, "n3", "hello")]).toEqual([false, true]);
  });
});

describe("is turned away, reported once a minute, and asked again", () => {
  test.each([
    ["CLUSTER_MISMATCH", { clusterId: "blue" }, {}],
    ["CODEC_MISMATCH", { codec: "msgpack" }, {}],
    ["FRAME_LIMIT_MISMATCH", {}, { maxFrameBytes: 65_537 }],
    ["DUPLICATE_ID", { id: "n1", incarnation: "another-directory" }, {}],
    ["DUPLICATE_ID", { id: "n1", run: 2, incarnation: "incarnation-of-n1" }, {}],
  ])("%s: %j %j", async (code, changes, options) => {
    const network = createNetwork();
    const a = await network.node("n1");
    const wrong = await network.node("n2", changes, options);
    a.transport.setPeers([], [N2]);
    await rounds(network, 5);
    expect(
      [a, wrong].map(({ met, rejected }) => [met, rejected.map((error) => error.code)]),
    ).toEqual([
      [[], [code]],
      [[], [code]],
    ]);
    await network.node("n2");
    await rounds(network, 1);
    expect(a.met).toEqual([n2]);
  });

  test("an earlier run than the one that was heard", async () => {
    const network = createNetwork();
    const [a] = await met(network);
    await network.node("n2", { run: 3 });
    await rounds(network, 1);
    await network.node("n2", { run: 2 });
    await rounds(network, 1);
    expect(a.met.map(({ run }) => run)).toEqual([1, 3]);
    expect(a.rejected).toMatchObject([{ code: "STALE_RUN" }]);
  });

  test("an address that is none, a server that is no node, and each seed for itself", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const shop = (): Promise<Response> => Promise.resolve(new Response("welcome"));
    network.faults.set("http://shop.test/", shop).set("http://other-shop.test/", shop);
    a.transport.setPeers([], ["127.0.0.1:7101", "http://shop.test/", "http://other-shop.test/"]);
    await rounds(network, 2);
    expect(a.rejected.map(({ message }) => message)).toEqual([
      'the address of a seed is "127.0.0.1:7101"; give the http or https URL where its handler is mounted, such as http://127.0.0.1:7101/raft',
      "http://shop.test/ answered HTTP 200, not as a raftkit node; check the address of the seed and where its handler is mounted",
      "http://other-shop.test/ answered HTTP 200, not as a raftkit node; check the address of the seed and where its handler is mounted",
    ]);
  });
});

test("a seed that leads to this node itself is passed over without a word", async () => {
  const network = createNetwork();
  const a = await network.node("n1");
  a.transport.setPeers([], [a.local.address]);
  await rounds(network, 3);
  expect([a.met, a.rejected, a.unreachable, send(a, "n1", "nothing")]).toEqual([[], [], [], false]);
  expect(network.requests.length).toBeGreaterThan(2);
});

test("who left a seed that now leads to this node itself is answered where it says", async () => {
  const network = createNetwork();
  const seed = "http://seed.test/raft";
  const [a, b] = [await network.node("n1"), await network.node("n2")];
  network.faults.set(seed, (_deliver, init) => network.call(b.local.address, init));
  a.transport.setPeers([], [seed]);
  await quiet();
  await b.transport.close();
  const moved = await network.node("n2", { run: 2, address: "http://moved.test/raft" });
  moved.transport.setPeers([a.peer()], []);
  send(moved, "n1", "I moved");
  network.faults.set(seed, (_deliver, init) => network.call(a.local.address, init));
  await rounds(network, 2);
  send(a, "n2", "where you are");
  await quiet();
  expect([moved.texts(), a.rejected]).toEqual([["where you are"], []]);
});

test("who asks who is here takes no place from a peer's frames that are coming in", async () => {
  const network = createNetwork();
  const [a, b] = [await network.node("n1"), await network.node("n2")];
  b.transport.setPeers([a.peer()], []);
  send(b, "n1", "so that it knows where n1 is");
  await quiet();
  const hello = [2, "green", "n1", "incarnation-of-n1", 1, "json", a.local.address, 8 * 2 ** 20];
  let goOn = (): void => undefined;
  const slow = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]));
      goOn = () => {
        controller.enqueue(bytes("x"));
        controller.close();
      };
    },
  });
  const coming = network.call(N2, {
    method: "POST",
    headers: { [HELLO]: [...hello, "n2"].join(" ") },
    body: slow,
    duplex: "half",
  } as RequestInit);
  await quiet();
  const asking = { method: "POST", headers: { [HELLO]: [...hello, "*"].join(" ") } };
  expect((await network.call(N2, asking)).status).toBe(204);
  goOn();
  expect((await coming).status).toBe(204);
  expect(b.texts()).toEqual(["x"]);
});

test("nobody is met once it closed, and no timer is left", async () => {
  const network = createNetwork();
  const a = await network.node("n1");
  let answer = (): void => undefined;
  network.faults.set(N2, async (deliver) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return deliver();
  });
  const b = await network.node("n2", localNode("n2"));
  a.transport.setPeers([], [N2, "http://n3.test/raft"]);
  await quiet();
  const closed = a.transport.close();
  answer();
  await closed;
  await b.transport.close();
  await rounds(network, 2);
  expect([a.met, network.clock.pending()]).toEqual([[], 0]);
});
