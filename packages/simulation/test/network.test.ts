import type { Sender, Transport } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import type { VirtualProcess } from "../src/virtual-process.js";
import { createVirtualTime } from "../src/clock.js";
import type { LinkSettings } from "../src/links.js";
import { soundLink } from "../src/links.js";
import type { NetworkOptions } from "../src/network.js";
import { createVirtualNetwork } from "../src/network.js";
import { createRandom } from "../src/random.js";

interface Station {
  readonly transport: Transport;
  readonly process: VirtualProcess;
  readonly received: string[];
  readonly met: Sender[];
  readonly unreachable: string[];
  readonly rejected: string[];
}

const steady: LinkSettings = { ...soundLink, delayMs: { min: 1, max: 1 } };

async function build(
  link: Partial<LinkSettings> = {},
  seed = 1,
  options: Partial<NetworkOptions> = {},
) {
  const time = createVirtualTime();
  const network = createVirtualNetwork(time, createRandom(seed), {
    link: { ...steady, ...link },
    maxFrameBytes: 1024,
    ...options,
  });
  async function station(id: string, run = 1): Promise<Station> {
    const process = time.process(id);
    const transport = network.attach(process);
    const received: string[] = [];
    const met: Sender[] = [];
    const unreachable: string[] = [];
    const rejected: string[] = [];
    await transport.start(
      { id, run, incarnation: `incarnation-of-${id}`, clusterId: "c", address: id, codec: "json" },
      {
        receive(from, frame) {
          received.push(`${from.id}/${from.run}:${new TextDecoder().decode(frame)}@${time.now()}`);
          frame.fill(0);
        },
        met: (from) => {
          met.push(from);
        },
        unreachable: (to) => {
          unreachable.push(to);
        },
        rejected: ({ code }) => {
          rejected.push(code);
        },
      },
    );
    return { transport, process, received, met, unreachable, rejected };
  }
  async function run(until = 1000): Promise<void> {
    let more = true;
    while (more) more = await time.step(until);
  }
  return { time, network, station, run, a: await station("a"), b: await station("b") };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const names = (received: readonly string[]): readonly string[] =>
  received.map((line) => line.replace(/^.*:(.*)@.*$/, "$1"));

describe("virtual network", () => {
  test("joins the parts of a frame and delivers it after the delay, with its sender", async () => {
    const { a, b, run } = await build({ delayMs: { min: 7, max: 7 } });
    expect(a.transport.send("b", [bytes("he"), bytes("llo")])).toBe(true);
    await run();
    expect(b.received).toEqual(["a/1:hello@7"]);
  });

  test("loses, doubles and reorders as told, the same way for the same seed", async () => {
    async function deliver(link: Partial<LinkSettings>, seed: number): Promise<readonly string[]> {
      const { a, b, run } = await build(link, seed);
      for (let i = 0; i < 1000; i++) a.transport.send("b", [bytes(`${i}`)]);
      await run();
      return b.received;
    }
    const lossy = await deliver({ loss: 0.3 }, 1);
    expect(Math.abs(lossy.length - 700)).toBeLessThan(60);
    const doubled = await deliver({ duplicate: 0.2 }, 1);
    expect(Math.abs(doubled.length - 1200)).toBeLessThan(60);
    const spread = await deliver({ delayMs: { min: 1, max: 20 } }, 1);
    expect(spread).toHaveLength(1000);
    expect(names(spread)).not.toEqual(names(spread).toSorted((x, y) => Number(x) - Number(y)));
    expect(await deliver({ delayMs: { min: 1, max: 20 }, loss: 0.1, duplicate: 0.1 }, 5)).toEqual(
      await deliver({ delayMs: { min: 1, max: 20 }, loss: 0.1, duplicate: 0.1 }, 5),
    );
  });

  test("a cut direction lets nothing through, not even what is under way; the other one works", async () => {
    const { network, a, b, run } = await build();
    a.transport.send("b", [bytes("under way")]);
    network.setLink("a", "b", { cut: true });
    a.transport.send("b", [bytes("lost")]);
    b.transport.send("a", [bytes("fine")]);
    await run();
    expect(b.received).toEqual([]);
    expect(names(a.received)).toEqual(["fine"]);
    expect(a.unreachable).toEqual([]);
    network.setAll({ cut: false });
    a.transport.send("b", [bytes("healed")]);
    await run();
    expect(names(b.received)).toEqual(["healed"]);
  });

  test("says that a peer which doesn't run is unreachable", async () => {
    const { a, b, run } = await build();
    b.process.stop();
    a.transport.send("b", [bytes("x")]);
    a.transport.send("nobody", [bytes("x")]);
    await run();
    expect(a.unreachable).toEqual(["b", "nobody"]);
  });

  test("a stopped process sends nothing, and its next run gets what arrives later", async () => {
    const { a, b, station, run } = await build({ delayMs: { min: 5, max: 5 } });
    a.transport.send("b", [bytes("to whoever runs then")]);
    b.process.stop();
    expect(b.transport.send("a", [bytes("x")])).toBe(false);
    const again = await station("b", 2);
    await run();
    expect(names(again.received)).toEqual(["to whoever runs then"]);
    expect([b.received, a.received]).toEqual([[], []]);
  });

  test("filters drop and hold packets; held ones go on when released", async () => {
    const { network, a, b, run } = await build();
    const stop = network.filter(
      ({ frame }) => ({ d: "drop", h: "hold" } as const)[new TextDecoder().decode(frame)] ?? "pass",
    );
    for (const name of ["d", "h", "p"]) a.transport.send("b", [bytes(name)]);
    await run();
    expect(names(b.received)).toEqual(["p"]);
    expect(network.held).toHaveLength(1);
    stop();
    a.transport.send("b", [bytes("d")]);
    network.release();
    await run();
    expect(names(b.received)).toEqual(["p", "d", "h"]);
  });

  test("delivers what was injected, and tells observers of every packet", async () => {
    const { network, b, a, run } = await build();
    const seen: string[] = [];
    network.onPacket((what, { from, to }) => {
      seen.push(`${what} ${from.id}>${to}`);
    });
    const forged: Sender = { id: "x", incarnation: "incarnation-of-x", run: 3 };
    network.inject(forged, "b", bytes("hi"));
    a.transport.send("b", [bytes("1")]);
    b.transport.disconnect(forged);
    await run();
    expect(names(b.received)).toEqual(["hi", "1"]);
    expect(seen).toEqual(["sent a>b", "disconnected x>b", "delivered x>b", "delivered a>b"]);
  });

  test("on an ordered link no frame overtakes another", async () => {
    const { a, b, run } = await build({ delayMs: { min: 1, max: 50 }, ordered: true });
    const sent = Array.from({ length: 200 }, (_, i) => `${i}`);
    for (const text of sent) a.transport.send("b", [bytes(text)]);
    await run();
    expect(names(b.received)).toEqual(sent);
  });

  test("a slow link takes one frame after another, refuses what doesn't fit its queue, and forgets the queue when it is fast again", async () => {
    const { network, a, b, run } = await build({ bytesPerMs: 2 }, 1, { maxQueueBytes: 100 });
    const frame = new Uint8Array(40).fill(65);
    expect(Array.from({ length: 5 }, () => a.transport.send("b", [frame]))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    await run(30);
    expect(b.received.map((line) => line.replace(/^.*@/, ""))).toEqual(["21"]);
    expect(a.unreachable).toEqual(["b", "b"]);
    network.setAll({ bytesPerMs: Infinity });
    expect(a.transport.send("b", [bytes("at once")])).toBe(true);
    await run();
    expect(names(b.received).slice(1)).toEqual(["at once"]);
  });

  test("a damaged frame never arrives: the connection is cut with all that is under way, and comes back", async () => {
    const { network, time, a, b, run } = await build({ corrupt: 1 }, 1, {
      reconnectMs: { min: 30, max: 30 },
    });
    a.transport.send("b", [bytes("damaged")]);
    a.transport.send("b", [bytes("behind it")]);
    await run();
    expect([b.received, b.rejected, a.unreachable]).toEqual([[], ["CORRUPT_STREAM"], ["b"]]);
    network.setAll({ corrupt: 0 });
    expect(a.transport.send("b", [bytes("too early")])).toBe(false);
    time.advanceTo(31);
    expect(a.transport.send("b", [bytes("again")])).toBe(true);
    await run();
    expect(names(b.received)).toEqual(["again"]);
  });

  test("damage that no checksum tells reaches the receiver, where a test wants it", async () => {
    const { a, b, run } = await build({ corrupt: 1 }, 1, { unnoticed: () => true });
    a.transport.send("b", [bytes("whole")]);
    await run();
    expect(b.received).toHaveLength(1);
    expect(names(b.received)).not.toEqual(["whole"]);
  });

  test("who is disconnected is cut off in both directions for a while; somebody else under that name is not", async () => {
    const { time, a, b, run } = await build({}, 1, { reconnectMs: { min: 30, max: 30 } });
    b.transport.disconnect({ id: "a", incarnation: "incarnation-of-a", run: 7 });
    expect(a.transport.send("b", [bytes("1")])).toBe(true);
    b.transport.disconnect({ id: "a", incarnation: "incarnation-of-a", run: 1 });
    expect([a.transport.send("b", [bytes("2")]), b.transport.send("a", [bytes("2")])]).toEqual([
      false,
      false,
    ]);
    await run();
    expect(b.received).toEqual([]);
    time.advanceTo(30);
    expect([a.transport.send("b", [bytes("3")]), b.transport.send("a", [bytes("3")])]).toEqual([
      true,
      true,
    ]);
  });
});
