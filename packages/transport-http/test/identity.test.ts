// Who may talk to whom: every mismatch is answered, reported once on each side in words that help,
// and changes nothing.
import { describe, expect, test } from "vitest";
import { PeerRejected } from "../src/index.js";
import { type TestNode, createNetwork, pair, quiet, send } from "./support.js";

function reasons(node: TestNode): (readonly [string, string])[] {
  return node.rejected.map(({ code, message }) => [code, message] as const);
}

describe("a peer that left the list", () => {
  test.each(["before", "after"])(
    "gets nothing more, though it answered a request %s that; once it speaks by itself it is answered",
    async (when) => {
      const network = createNetwork();
      const a = await network.node("n1");
      const b = await network.node("n2");
      let answer = (): void => undefined;
      network.faults.set(b.local.address, async (deliver) => {
        const response = await deliver();
        if (when === "after") {
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
        }
        return response;
      });
      a.transport.setPeers([b.peer()], []);
      send(a, "n2", "first");
      await quiet();
      expect(b.texts()).toEqual(["first"]);
      a.transport.setPeers([], []);
      answer();
      await quiet();
      expect(send(a, "n2", "second")).toBe(false);
      network.faults.clear();
      b.transport.setPeers([a.peer()], []);
      send(b, "n1", "hello");
      await quiet();
      expect(send(a, "n2", "third")).toBe(true);
      await quiet();
      expect(b.texts()).toEqual(["first", "third"]);
    },
  );
});

describe("nodes that don't belong together", () => {
  test("of different clusters tell each other so, once", async () => {
    const network = createNetwork();
    const a = await network.node("n1", { clusterId: "blue" });
    const b = await network.node("n2");
    a.transport.setPeers([b.peer()], []);
    for (let i = 0; i < 5; i++) {
      send(a, "n2", "hello");
      await quiet();
      network.clock.advance(1_000);
    }
    expect(network.requests).toHaveLength(5);
    expect(reasons(a)).toEqual([
      [
        "CLUSTER_MISMATCH",
        `n2 belongs to cluster "green", n1 to "blue"; give both the same cluster id`,
      ],
    ]);
    expect(reasons(b)).toEqual([
      [
        "CLUSTER_MISMATCH",
        `n1 belongs to cluster "blue", n2 to "green"; give both the same cluster id`,
      ],
    ]);
    expect(a.rejected[0]).toBeInstanceOf(PeerRejected);
    expect(a.unreachable).toEqual(["n2", "n2", "n2", "n2", "n2"]);
    expect(b.received).toEqual([]);
    // It changed nothing: the stranger's address was not taken note of.
    expect(send(b, "n1", "answer")).toBe(false);
  });

  test("are reported again after a minute, while it lasts", async () => {
    const network = createNetwork();
    const a = await network.node("n1", { clusterId: "blue" });
    const b = await network.node("n2");
    a.transport.setPeers([b.peer()], []);
    for (const pauseMs of [59_999, 1, 0]) {
      send(a, "n2", "hello");
      await quiet();
      network.clock.advance(pauseMs);
    }
    expect(reasons(a)).toHaveLength(1);
    network.clock.advance(1_000);
    send(a, "n2", "hello");
    await quiet();
    expect([reasons(a).length, reasons(b).length]).toEqual([2, 2]);
  });

  test("are reported once together when this node doesn't know them: changing names makes no storm", async () => {
    const network = createNetwork();
    const [, b] = await pair(network);
    for (const id of ["n1", "x1", "x2", "x3"]) {
      const hello = `2 blue ${id} incarnation-of-someone 1 json http://${id}.test/raft 8388608 n2`;
      await network.call(b.local.address, { method: "POST", headers: { "raftkit-hello": hello } });
    }
    expect(reasons(b).map(([, message]) => message.slice(0, 2))).toEqual(["n1", "x1"]);
  });

  test("with different codecs", async () => {
    const network = createNetwork();
    const a = await network.node("n1", { codec: "msgpack" });
    const b = await network.node("n2");
    a.transport.setPeers([b.peer()], []);
    send(a, "n2", "hello");
    await quiet();
    expect(reasons(a)).toEqual([
      [
        "CODEC_MISMATCH",
        `n2 uses the codec "json", n1 uses "msgpack"; give both the same codec, and state machines of the same commandFormat`,
      ],
    ]);
    expect(reasons(b)).toEqual([
      [
        "CODEC_MISMATCH",
        `n1 uses the codec "msgpack", n2 uses "json"; give both the same codec, and state machines of the same commandFormat`,
      ],
    ]);
    expect(b.received).toEqual([]);
  });

  test("with different limits for frames, before any frame shows it", async () => {
    const network = createNetwork();
    const a = await network.node("n1", {}, { maxFrameBytes: 2_000_000 });
    const b = await network.node("n2", {}, { maxFrameBytes: 1_000_000 });
    a.transport.setPeers([b.peer()], []);
    b.transport.setPeers([a.peer()], []);
    send(a, "n2", "small");
    await quiet();
    expect(reasons(a)).toEqual([
      [
        "FRAME_LIMIT_MISMATCH",
        `n2 takes frames of up to 1000000 bytes, n1 of up to 2000000; give every node the same maxFrameBytes`,
      ],
    ]);
    expect(reasons(b)).toEqual([
      [
        "FRAME_LIMIT_MISMATCH",
        `n1 takes frames of up to 2000000 bytes, n2 of up to 1000000; give every node the same maxFrameBytes`,
      ],
    ]);
    send(b, "n1", "nor the other way round");
    await quiet();
    expect([a.received, b.received, a.unreachable]).toEqual([[], [], ["n2"]]);
  });

  test("of another version", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    network.faults.set("http://n2.test/raft", (_deliver, init) => {
      const headers = new Headers(init.headers);
      headers.set(
        "raftkit-hello",
        (headers.get("raftkit-hello") ?? "").replace(/^2 /, "3 something new "),
      );
      return network.call("http://n2.test/raft", { ...init, headers });
    });
    send(a, "n2", "hello");
    await quiet();
    const message =
      "a peer speaks version 3 of the HTTP transport, this node version 2; run compatible releases of @raftkit/transport-http";
    expect(reasons(b)).toEqual([["WRONG_VERSION", message]]);
    expect(reasons(a)).toEqual([
      ["WRONG_VERSION", `peer n2 at http://n2.test/raft refused this node: ${message}`],
    ]);
    expect(b.received).toEqual([]);
  });

  test("because the address leads to another node", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    const b = await network.node("n2");
    a.transport.setPeers([{ id: "n3", address: b.local.address }], []);
    send(a, "n3", "hello");
    await quiet();
    expect(reasons(a)).toEqual([
      ["WRONG_PEER", `n1 looked for n3 and found n2; check the addresses of n3 and n2`],
    ]);
    expect(reasons(b)).toEqual([
      ["WRONG_PEER", `n1 looked for n3 and found n2; check the addresses of n3 and n2`],
    ]);
    expect(b.received).toEqual([]);
  });

  test("because both have one id", async () => {
    const network = createNetwork();
    const a = await network.node("n1", { address: "http://other.test/raft" });
    const b = await network.node("n1");
    const response = await network.call(b.local.address, {
      method: "POST",
      headers: {
        "raftkit-hello": "2 green n1 incarnation-of-n1 1 json http://other.test/raft 8388608 n1",
      },
    });
    expect(response.status).toBe(409);
    expect(reasons(b)).toEqual([
      ["DUPLICATE_ID", `two nodes call themselves n1; give every node an id of its own`],
    ]);
    a.transport.setPeers([b.peer()], []);
    expect(send(a, "n1", "to itself")).toBe(false);
  });

  test("because something else answers there", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    for (const [id, response] of Object.entries({
      ok: new Response("welcome"),
      empty: new Response(null, { status: 204 }),
      rubbish: new Response(null, { status: 204, headers: { "raftkit-hello": '{"hello":null}' } }),
      notFound: new Response("<html>".repeat(10_000), { status: 404 }),
      moved: new Response(null, { status: 302, headers: { location: "http://n2.test/raft" } }),
    })) {
      const address = `http://${id}.test/`;
      network.faults.set(address, async () => response);
      a.transport.setPeers([{ id, address }], []);
      send(a, id, "hello");
      await quiet();
      expect(a.unreachable).toEqual([id]);
      expect(reasons(a)).toEqual([
        [
          "NOT_RAFTKIT",
          `http://${id}.test/ answered HTTP ${response.status}, not as a raftkit node; check the address of ${id} and where its handler is mounted`,
        ],
      ]);
      a.unreachable.length = 0;
      a.rejected.length = 0;
    }
  });

  test("because an address is no URL", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    a.transport.setPeers(
      [
        { id: "n2", address: "127.0.0.1:7102" },
        { id: "n3", address: "http://user:secret@n3.test/raft" },
      ],
      [],
    );
    send(a, "n2", "hello");
    send(a, "n3", "hello");
    await quiet();
    const advice =
      "give the http or https URL where its handler is mounted, such as http://127.0.0.1:7101/raft";
    expect(reasons(a)).toEqual([
      ["BAD_ADDRESS", `the address of peer n2 is "127.0.0.1:7102"; ${advice}`],
      ["BAD_ADDRESS", `the address of peer n3 is "http://user:secret@n3.test/raft"; ${advice}`],
    ]);
    expect(a.unreachable).toEqual(["n2", "n3"]);
    expect(network.requests).toEqual([]);
  });

  test("because fetch refuses its port as unsafe", async () => {
    const a = await createNetwork().node("n1", {}, { fetch: globalThis.fetch });
    a.transport.setPeers([{ id: "n2", address: "http://127.0.0.1:6000/raft" }], []);
    send(a, "n2", "hello");
    await expect.poll(() => a.unreachable).toEqual(["n2"]);
    const advice =
      "fetch never connects to port 6000, which is reserved for another protocol; give the node another port";
    expect(reasons(a)).toEqual([
      ["BAD_ADDRESS", `the address of peer n2 is "http://127.0.0.1:6000/raft"; ${advice}`],
    ]);
  });
});

describe("runs", () => {
  test("a restarted peer is heard at once, its earlier run no more", async () => {
    const network = createNetwork();
    const [oldRun, b] = await pair(network);
    send(oldRun, "n2", "from run 1");
    await quiet();
    const newRun = await network.node("n1", { run: 2 });
    newRun.transport.setPeers([b.peer()], []);
    send(newRun, "n2", "from run 2");
    await quiet();
    send(oldRun, "n2", "late");
    await quiet();
    expect(b.texts()).toEqual(["from run 1", "from run 2"]);
    expect(b.received.map(({ from }) => from.run)).toEqual([1, 2]);
    const message =
      "run 1 of peer n1 speaks, but run 2 has been heard of; stop the older process of n1, and never put an old copy of a data directory back";
    expect(reasons(b)).toEqual([["STALE_RUN", message]]);
    expect(reasons(oldRun)).toEqual([
      ["STALE_RUN", `peer n2 at http://n2.test/raft refused this node: ${message}`],
    ]);
  });

  test("a run is heard of in answers too", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const oldRun = b;
    await network.node("n2", { run: 2 });
    send(a, "n2", "hello");
    await quiet();
    send(oldRun, "n1", "late");
    await quiet();
    expect(a.texts()).toEqual([]);
    expect(reasons(a).map(([code]) => code)).toEqual(["STALE_RUN"]);
  });

  test("another incarnation begins to count anew", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    send(a, "n2", "before");
    await quiet();
    const wiped = await network.node("n1", { incarnation: "another-incarnation", run: 1 });
    wiped.transport.setPeers([b.peer()], []);
    send(wiped, "n2", "after");
    await quiet();
    expect(b.received.map(({ from }) => from.incarnation)).toEqual([
      "incarnation-of-n1",
      "another-incarnation",
    ]);
  });
});

describe("whom a node can send to", () => {
  test("somebody who is not listed is answered where it said it listens", async () => {
    const network = createNetwork();
    const joiner = await network.node("n9");
    const b = await network.node("n2");
    expect(send(b, "n9", "too early")).toBe(false);
    joiner.transport.setPeers([b.peer()], []);
    send(joiner, "n2", "hello");
    await quiet();
    expect(send(b, "n9", "welcome")).toBe(true);
    await quiet();
    expect(joiner.texts()).toEqual(["welcome"]);
  });

  test("a listed address wins over an introduced one, and the list is replaced", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    network.faults.set("http://proxy.test/n1", () =>
      network.call(a.local.address, { method: "POST", ...lastRequest() }),
    );
    const lastRequest = (): { headers: Headers; body: Uint8Array<ArrayBuffer> } => {
      const last = network.requests.at(-1);
      return { headers: last?.headers ?? new Headers(), body: Uint8Array.from(last?.body ?? []) };
    };
    b.transport.setPeers([{ id: "n1", address: "http://proxy.test/n1" }], []);
    send(a, "n2", "hello");
    await quiet();
    send(b, "n1", "through the proxy");
    await quiet();
    expect(network.requests.at(-1)?.url).toBe("http://proxy.test/n1");
    expect(a.texts()).toEqual(["through the proxy"]);
    b.transport.setPeers([], []);
    send(b, "n1", "directly");
    await quiet();
    expect(network.requests.at(-1)?.url).toBe("http://n1.test/raft");
    a.transport.setPeers([], []);
    a.transport.setPeers([{ id: "n3", address: "http://n3.test/raft" }], []);
    expect(send(a, "n4", "nobody")).toBe(false);
  });

  test("a peer that was taken off the list and never spoke is forgotten", async () => {
    const network = createNetwork();
    const a = await network.node("n1");
    a.transport.setPeers([{ id: "n2", address: "http://n2.test/raft" }], []);
    a.transport.setPeers([], []);
    expect(send(a, "n2", "hello")).toBe(false);
  });

  test("strangers are remembered up to a number, the latest ones", async () => {
    const network = createNetwork();
    const b = await network.node("n2");
    for (const i of [...Array(20).keys(), 5, ...Array.from({ length: 15 }, (_, k) => 20 + k)]) {
      const hello = `2 green s${i} incarnation-of-someone 1 json http://s${i}.test/raft 8388608 n2`;
      expect(
        (
          await network.call(b.local.address, {
            method: "POST",
            headers: { "raftkit-hello": hello },
          })
        ).status,
      ).toBe(204);
    }
    const known = Array.from({ length: 40 }, (_, i) => `s${i}`).filter((id) => send(b, id, "x"));
    expect(known).toEqual(["s5", ...Array.from({ length: 15 }, (_, i) => `s${20 + i}`)]);
  });
});
