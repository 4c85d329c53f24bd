// Seeds: who is at an address of which nobody has said yet who is there.
import type { LocalNode, Sender, Transport } from "@raftkit/core";
import { expect, test } from "vitest";
import { createMemoryNetwork } from "../src/index.js";
import type { MemoryNetwork } from "../src/index.js";

interface End {
  readonly transport: Transport;
  readonly frames: number[];
  readonly met: Sender[];
  readonly rejected: string[];
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

async function start(network: MemoryNetwork, node: LocalNode): Promise<End> {
  const end: End = { transport: network.transport(), frames: [], met: [], rejected: [] };
  await end.transport.start(node, {
    receive: (_from, frame) => end.frames.push(frame[0] ?? -1),
    met: (from) => end.met.push(from),
    unreachable: () => undefined,
    rejected: (error) => end.rejected.push(error.code),
  });
  return end;
}

/** Long enough for everything that is deferred. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

const sends = (from: End, to: string, byte: number): boolean =>
  from.transport.send(to, [Uint8Array.of(byte)]);
const b1: Sender = { id: "b", incarnation: "b-0123456789abcdef", run: 1 };

test("whoever is at a seed is met once, later, and can be sent to and answer", async () => {
  const network = createMemoryNetwork();
  const [a, b] = [await start(network, local("a")), await start(network, local("b"))];
  expect(sends(a, "b", 1)).toBe(false);
  a.transport.setPeers([], ["at-b", "at-b"]);
  expect(a.met).toEqual([]);
  await settled();
  expect([a.met, b.met]).toEqual([[b1], []]);
  expect([sends(a, "b", 2), sends(b, "a", 3)]).toEqual([true, false]);
  await settled();
  expect(sends(b, "a", 4)).toBe(true);
  a.transport.setPeers([], ["at-b"]);
  await settled();
  expect([a.frames, b.frames, a.met]).toEqual([[4], [2], [b1]]);
});

test("is met when it comes later, and again as its next run", async () => {
  const network = createMemoryNetwork();
  const a = await start(network, local("a"));
  a.transport.setPeers([], ["at-b"]);
  await settled();
  const b = await start(network, local("b"));
  await settled();
  expect(a.met).toEqual([b1]);
  await b.transport.close();
  expect(sends(a, "b", 1)).toBe(false);
  const next = await start(network, local("b", { run: 2 }));
  await settled();
  expect(a.met).toEqual([b1, { ...b1, run: 2 }]);
  expect(sends(a, "b", 2)).toBe(true);
  await settled();
  expect([b.frames, next.frames]).toEqual([[], [2]]);
});

test("a cut in either direction is in the way until it is healed; then who is there is met again", async () => {
  const network = createMemoryNetwork();
  const [a] = [await start(network, local("a")), await start(network, local("b"))];
  network.cut("b", "a");
  network.cut("a", "b");
  a.transport.setPeers([], ["at-b"]);
  await settled();
  network.heal("a", "b");
  await settled();
  expect(a.met).toEqual([]);
  network.heal();
  network.heal();
  await settled();
  expect(a.met).toEqual([b1]);
  network.cut("b", "a");
  network.cut("b", "c");
  network.heal("b", "c");
  await settled();
  expect([a.met, sends(a, "b", 1)]).toEqual([[b1], true]);
  network.heal();
  await settled();
  expect(a.met).toEqual([b1, b1]);
});

test("who left the list, and wasn't heard, is unknown", async () => {
  const network = createMemoryNetwork();
  const [a, b] = [await start(network, local("a")), await start(network, local("b"))];
  a.transport.setPeers([], ["at-b", "at-c"]);
  a.transport.setPeers([], ["at-c"]);
  await settled();
  expect(a.met).toEqual([]);
  a.transport.setPeers([], ["at-b"]);
  await settled();
  expect(a.met).toEqual([b1]);
  a.transport.setPeers([], []);
  expect(sends(a, "b", 1)).toBe(false);
  a.transport.setPeers([], ["at-b"]);
  await settled();
  expect([a.met, b.frames]).toEqual([[b1, b1], []]);
});

test("nobody of another cluster or codec, nor a namesake, is met; oneself is passed over", async () => {
  const network = createMemoryNetwork();
  const [a, blue, other, twin] = [
    await start(network, local("a")),
    await start(network, local("b", { clusterId: "blue" })),
    await start(network, local("c", { codec: "msgpack" })),
    await start(network, local("a", { address: "elsewhere", run: 2 })),
  ];
  a.transport.setPeers([], ["at-a", "at-b", "at-c", "elsewhere", "", "at-nobody"]);
  await settled();
  expect(a.met).toEqual([]);
  expect(a.rejected).toEqual(["CLUSTER_MISMATCH", "CODEC_MISMATCH", "DUPLICATE_ID"]);
  expect([blue, other, twin].map(({ rejected }) => rejected)).toEqual([
    ["CLUSTER_MISMATCH"],
    ["CODEC_MISMATCH"],
    ["DUPLICATE_ID"],
  ]);
  await start(network, local("d"));
  await settled();
  expect(a.rejected).toHaveLength(3);
});

test("nothing is met once it closed", async () => {
  const network = createMemoryNetwork();
  const a = await start(network, local("a"));
  await start(network, local("b"));
  a.transport.setPeers([], ["at-b", "at-c"]);
  await a.transport.close();
  await start(network, local("c"));
  await settled();
  expect(a.met).toEqual([]);
});
