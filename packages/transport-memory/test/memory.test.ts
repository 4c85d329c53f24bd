import { RaftkitError } from "@raftkit/core";
import type { LocalNode, Sender, Transport } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { createMemoryNetwork } from "../src/index.js";
import type { MemoryNetwork } from "../src/index.js";

interface End {
  readonly transport: Transport;
  readonly frames: { from: Sender; frame: Uint8Array }[];
  readonly met: Sender[];
  readonly unreachable: string[];
  readonly rejected: RaftkitError[];
}

function local(id: string, overrides: Partial<LocalNode> = {}): LocalNode {
  return {
    id,
    address: `at-${id}`,
    clusterId: "green",
    codec: "json",
    incarnation: `${id}-0123456789abcdef`,
    run: 1,
    ...overrides,
  };
}

async function join(
  network: MemoryNetwork,
  node: LocalNode,
  peers: readonly string[],
): Promise<End> {
  const end: End = {
    transport: network.transport(),
    frames: [],
    met: [],
    unreachable: [],
    rejected: [],
  };
  await end.transport.start(node, {
    receive: (from, frame) => end.frames.push({ from, frame }),
    met: (from) => end.met.push(from),
    unreachable: (to) => end.unreachable.push(to),
    rejected: (error) => end.rejected.push(error),
  });
  end.transport.setPeers(
    peers.map((id) => ({ id, address: `at-${id}` })),
    [],
  );
  return end;
}

/** A `defer` that runs only when told to. */
function manual(): { defer: (run: () => void) => void; runAll: () => void } {
  const queue: (() => void)[] = [];
  return {
    defer: (run) => {
      queue.push(run);
    },
    runAll: () => {
      for (let next = queue.shift(); next; next = queue.shift()) next();
    },
  };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("delivery", () => {
  test("joins the parts into bytes of the receiver's own, empty frames too", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b", { run: 7 }), ["a"]);
    const part = bytes(1, 2);
    expect(a.transport.send("b", [part, bytes(), bytes(3)])).toBe(true);
    expect(a.transport.send("b", [])).toBe(true);
    part[0] = 99;
    runAll();
    expect(b.frames.map(({ frame }) => frame)).toEqual([bytes(1, 2, 3), bytes()]);
    expect(b.frames[0]?.from).toEqual({ id: "a", incarnation: "a-0123456789abcdef", run: 1 });
    b.frames[0]?.frame.fill(0);
    expect(part).toEqual(bytes(99, 2));
  });

  test("is never inside send, and in order even when defer is not", async () => {
    const queue: (() => void)[] = [];
    const network = createMemoryNetwork({
      defer: (run) => {
        queue.push(run);
      },
    });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), []);
    for (let i = 0; i < 5; i++) a.transport.send("b", [bytes(i)]);
    expect(b.frames).toEqual([]);
    for (let run = queue.pop(); run; run = queue.pop()) run();
    expect(b.frames.map(({ frame }) => frame[0])).toEqual([0, 1, 2, 3, 4]);
  });

  test("works with the default defer", async () => {
    const network = createMemoryNetwork();
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), []);
    a.transport.send("b", [bytes(5)]);
    expect(b.frames).toEqual([]);
    await Promise.resolve();
    expect(b.frames).toHaveLength(1);
  });
});

describe("loss", () => {
  test("a full queue drops, says so, and takes frames again once it drained", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer, maxQueueBytes: 300, maxFrameBytes: 200 });
    const a = await join(network, local("a"), ["b", "c"]);
    const b = await join(network, local("b"), []);
    await join(network, local("c"), []);
    expect([1, 2, 3].map(() => a.transport.send("b", [new Uint8Array(86)]))).toEqual([
      true,
      true,
      false,
    ]);
    expect(a.transport.send("c", [new Uint8Array(86)])).toBe(true);
    expect(a.unreachable).toEqual([]);
    runAll();
    expect(a.unreachable).toEqual(["b"]);
    expect(b.frames).toHaveLength(2);
    expect(a.transport.send("b", [new Uint8Array(86)])).toBe(true);
  });

  test("a frame beyond the limit is refused with the reason", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer, maxFrameBytes: 10 });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), []);
    expect(a.transport.send("b", [new Uint8Array(10)])).toBe(true);
    expect(a.transport.send("b", [new Uint8Array(6), new Uint8Array(5)])).toBe(false);
    runAll();
    expect(b.frames).toHaveLength(1);
    expect(a.rejected.map((error) => error.message)).toEqual([
      "a frame of 11 bytes for b is larger than maxFrameBytes (10); send less at once, or raise the limit",
    ]);
  });

  test("nobody there: false at once, the hint later", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    expect(a.transport.send("b", [bytes(1)])).toBe(false);
    expect(a.unreachable).toEqual([]);
    runAll();
    expect(a.unreachable).toEqual(["b"]);
  });

  test("a cut loses one direction, frames under way included; heal ends it", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), ["a"]);
    expect(a.transport.send("b", [bytes(1)])).toBe(true);
    network.cut("a", "b");
    expect(a.transport.send("b", [bytes(2)])).toBe(true);
    b.transport.send("a", [bytes(3)]);
    runAll();
    expect(b.frames).toEqual([]);
    expect(a.frames).toHaveLength(1);
    network.cut("b", "a");
    network.heal("a", "b");
    a.transport.send("b", [bytes(4)]);
    b.transport.send("a", [bytes(5)]);
    runAll();
    expect(b.frames.map(({ frame }) => frame)).toEqual([bytes(4)]);
    expect(a.frames).toHaveLength(1);
    network.heal();
    b.transport.send("a", [bytes(6)]);
    runAll();
    expect(a.frames).toHaveLength(2);
  });

  test("disconnect drops what that sender has under way, and nothing of a later run", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), []);
    a.transport.send("b", [bytes(1)]);
    runAll();
    const from = b.frames[0]?.from ?? local("missing");
    a.transport.send("b", [bytes(2)]);
    b.transport.disconnect({ ...from, run: from.run + 1 });
    runAll();
    expect(b.frames).toHaveLength(2);
    a.transport.send("b", [bytes(3)]);
    b.transport.disconnect(from);
    runAll();
    expect(b.frames).toHaveLength(2);
    a.transport.send("b", [bytes(4)]);
    runAll();
    expect(b.frames.at(-1)?.frame).toEqual(bytes(4));
  });
});

describe("a node that closes, restarts or has a namesake", () => {
  test("close drops what is under way: nothing of an earlier run comes after it", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), ["a"]);
    a.transport.send("b", [bytes(1)]);
    await a.transport.close();
    const again = await join(network, local("a", { run: 2 }), ["b"]);
    again.transport.send("b", [bytes(2)]);
    runAll();
    expect(b.frames.map(({ from, frame }) => [from.run, frame[0]])).toEqual([[2, 2]]);
    expect([a.unreachable, a.rejected]).toEqual([[], []]);
  });

  test("disconnect reaches the run that is meant, though a namesake spoke later; the namesake goes on", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), ["a"]);
    const namesake = local("a", { incarnation: "another-data-directory", address: "at-x" });
    const x = await join(network, namesake, ["b"]);
    a.transport.send("b", [bytes(1)]);
    x.transport.send("b", [bytes(2)]);
    runAll();
    const [first, second] = b.frames.map(({ from }) => from);
    if (first === undefined || second === undefined) throw new Error("two frames were expected");
    a.transport.send("b", [bytes(3)]);
    x.transport.send("b", [bytes(4)]);
    b.transport.disconnect(first);
    runAll();
    expect(b.frames.map(({ frame }) => frame[0])).toEqual([1, 2, 4]);
    expect([a.unreachable, x.unreachable]).toEqual([["b"], []]);
    a.transport.send("b", [bytes(5)]);
    x.transport.send("b", [bytes(6)]);
    b.transport.send("a", [bytes(7)]);
    b.transport.disconnect(second);
    runAll();
    expect(b.frames.map(({ frame }) => frame[0])).toEqual([1, 2, 4, 5]);
    expect(a.frames.map(({ frame }) => frame[0])).toEqual([7]);
  });

  test("disconnecting an earlier run leaves the later one alone", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), ["a"]);
    a.transport.send("b", [bytes(1)]);
    runAll();
    await a.transport.close();
    const again = await join(network, local("a", { run: 2 }), ["b"]);
    again.transport.send("b", [bytes(2)]);
    b.transport.send("a", [bytes(3)]);
    b.transport.disconnect({ id: "a", incarnation: "a-0123456789abcdef", run: 1 });
    runAll();
    expect([b.frames.length, again.frames.length, again.unreachable]).toEqual([2, 1, []]);
  });

  test("no handler is called once close resolved", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer, maxFrameBytes: 10 });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b", { clusterId: "blue" }), ["a"]);
    const c = await join(network, local("c"), ["a"]);
    a.transport.send("b", [bytes(1)]); // turned away, on both sides
    a.transport.send("nobody", [bytes(1)]);
    a.transport.send("c", [new Uint8Array(11)]);
    c.transport.send("a", [bytes(1)]);
    await a.transport.close();
    await b.transport.close();
    runAll();
    for (const end of [a, b]) {
      expect([end.frames, end.unreachable, end.rejected]).toEqual([[], [], []]);
    }
    expect(c.unreachable).toEqual(["a"]);
  });
});

describe("who may talk", () => {
  test.each([
    [
      "CLUSTER_MISMATCH",
      { clusterId: "blue" },
      'b belongs to cluster "blue", a to "green"; give both the same cluster id',
      'a belongs to cluster "green", b to "blue"; give both the same cluster id',
    ],
    [
      "CODEC_MISMATCH",
      { codec: "msgpack" },
      'b uses the codec "msgpack", a uses "json"; give both the same codec, and state machines of the same commandFormat',
      'a uses the codec "json", b uses "msgpack"; give both the same codec, and state machines of the same commandFormat',
    ],
    [
      "WRONG_PEER",
      { id: "x", address: "at-b" },
      "a looked for b and found x; check the addresses of b and x",
      "a looked for b and found x; check the addresses of b and x",
    ],
  ] as const)(
    "%s: told once on both sides, nothing delivered",
    async (code, overrides, says, otherSays) => {
      const { defer, runAll } = manual();
      const network = createMemoryNetwork({ defer });
      const a = await join(network, local("a"), ["b"]);
      const b = await join(network, local("b", overrides), []);
      expect(a.transport.send("b", [bytes(1)])).toBe(false);
      expect(a.transport.send("b", [bytes(1)])).toBe(false);
      runAll();
      expect(b.frames).toEqual([]);
      const id = "id" in overrides ? overrides.id : "b";
      expect(a.rejected.map((error) => [error.code, error.message])).toEqual([
        [code, `turned away ${id} (at-b): ${says}`],
      ]);
      expect(b.rejected.map((error) => [error.code, error.message])).toEqual([
        [code, `turned away a (at-a): ${otherSays}`],
      ]);
      expect(a.rejected[0]).toBeInstanceOf(RaftkitError);
    },
  );

  test("an address is taken until its owner closes; the next run gets what is sent then", async () => {
    const { defer, runAll } = manual();
    const network = createMemoryNetwork({ defer });
    const a = await join(network, local("a"), ["b"]);
    const b = await join(network, local("b"), []);
    const second = network.transport();
    const handler = {
      receive: () => undefined,
      met: () => undefined,
      unreachable: () => undefined,
      rejected: () => undefined,
    };
    await expect(second.start(local("c", { address: "at-b" }), handler)).rejects.toThrow(
      'c can\'t listen at "at-b": b does; close that one first, or choose another address',
    );
    a.transport.send("b", [bytes(1)]);
    await b.transport.close();
    await b.transport.close();
    const again = await join(network, local("b", { run: 2 }), []);
    runAll();
    expect(b.frames).toEqual([]);
    expect(again.frames).toEqual([]);
    expect(a.unreachable).toEqual(["b"]);
    a.transport.send("b", [bytes(2)]);
    runAll();
    expect(again.frames).toHaveLength(1);
    expect(b.transport.send("a", [bytes(1)])).toBe(false);
  });

  test("limits must be positive whole numbers, and a queue must hold a frame", () => {
    expect(() => createMemoryNetwork({ maxFrameBytes: 100, maxQueueBytes: 163 })).toThrow(
      "maxQueueBytes is 163; give at least maxFrameBytes + 64, which is 164",
    );
    expect(() => createMemoryNetwork({ maxFrameBytes: 0 })).toThrow(
      "maxFrameBytes is 0; give a positive whole number of bytes",
    );
  });
});
