// Seeds in the simulated network: who is at an address, found by virtual time.
import type { Sender, Transport } from "@raftkit/core";
import { expect, test } from "vitest";
import { createVirtualTime } from "../src/clock.js";
import { soundLink } from "../src/links.js";
import type { VirtualNetwork } from "../src/network.js";
import { createVirtualNetwork } from "../src/network.js";
import { createRandom } from "../src/random.js";
import type { VirtualProcess } from "../src/virtual-process.js";

interface Station {
  readonly transport: Transport;
  readonly process: VirtualProcess;
  /** Who was met, and when. */
  readonly met: string[];
}

interface World {
  readonly network: VirtualNetwork;
  readonly station: (id: string, run?: number) => Promise<Station>;
  readonly run: (until: number) => Promise<void>;
}

function build(): World {
  const time = createVirtualTime();
  const network = createVirtualNetwork(time, createRandom(1), {
    link: soundLink,
    maxFrameBytes: 1024,
  });
  return {
    network,
    async station(id, run = 1) {
      const process = time.process(id);
      const [transport, met] = [network.attach(process), [] as string[]];
      await transport.start(
        {
          id,
          run,
          incarnation: `incarnation-of-${id}`,
          clusterId: "c",
          address: `at-${id}`,
          codec: "json",
        },
        {
          receive: () => undefined,
          met: (from: Sender) => met.push(`${from.id}/${from.run}@${time.now()}`),
          unreachable: () => undefined,
          rejected: () => undefined,
        },
      );
      return { transport, process, met };
    },
    async run(until) {
      let more = true;
      while (more) more = await time.step(until);
      time.advanceTo(until);
    },
  };
}

test("who is there is met at the next look, once, and who isn't when it comes", async () => {
  const { station, run } = build();
  const [a, b] = [await station("a"), await station("b")];
  a.transport.setPeers([], ["at-b", "at-c", "at-a"]);
  expect(a.met).toEqual([]);
  await run(50);
  await station("c");
  await run(200);
  expect([a.met, b.met]).toEqual([["b/1@20", "c/1@60"], []]);
});

test("is met again after its connection broke, and as its next run", async () => {
  const { network, station, run } = build();
  const [a, b] = [await station("a"), await station("b")];
  a.transport.setPeers([], ["at-b"]);
  await run(30);
  a.transport.disconnect({ id: "b", incarnation: "incarnation-of-b", run: 1 });
  await run(200);
  expect(a.met.map((line) => line.split("@")[0])).toEqual(["b/1", "b/1"]);
  b.process.stop();
  await b.transport.close();
  await station("b", 2);
  await run(300);
  network.setLink("b", "a", { cut: true });
  await run(400);
  network.setAll({ cut: false });
  await run(500);
  expect(a.met.map((line) => line.split("@")[0])).toEqual(["b/1", "b/1", "b/2", "b/2"]);
});

test("a cut, a stall and a crash are in the way; a stalled process meets when it runs again", async () => {
  const { network, station, run } = build();
  const [a, b, c] = [await station("a"), await station("b"), await station("c")];
  network.setLink("b", "a", { cut: true });
  c.process.stallFor(150);
  const d = await station("d");
  d.process.stop();
  a.transport.setPeers([], ["at-b", "at-c", "at-d"]);
  await run(110);
  expect(a.met).toEqual([]);
  network.setAll({ cut: false });
  await run(200);
  expect(a.met).toEqual(["b/1@120", "c/1@160"]);
  b.process.stallFor(100);
  b.transport.setPeers([], ["at-a"]);
  await run(400);
  expect(b.met).toEqual(["a/1@300"]);
});

test("nobody looks for seeds that left, nor after the close", async () => {
  const { station, run } = build();
  const [a, b] = [await station("a"), await station("b")];
  a.transport.setPeers([], ["at-b"]);
  a.transport.setPeers([], []);
  b.transport.setPeers([], ["at-a"]);
  await b.transport.close();
  await run(100);
  a.transport.setPeers([], ["at-b"]);
  await run(200);
  await station("b", 2);
  await run(300);
  expect([a.met, b.met]).toEqual([["b/2@220"], []]);
});
