// Cases about beginning and ending: before `start`, after `close`, and what `close` leaves behind.
import { ensure, expectRefusal, fail } from "../expect.js";
import { localNode, nextTurn, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const ONE_RUN =
  "Linearizability (Raft §8): one run of a server speaks at a time; an answer that belongs to an earlier run settles another call";
const silent = {
  receive: () => undefined,
  met: () => undefined,
  unreachable: () => undefined,
  rejected: () => undefined,
};

export const starting: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-01",
      title: "starts at its address and closes",
      rule: "Availability (Raft §5.1, §6): servers are reached at the addresses in their configuration",
    },
    async (bench) => {
      const node = await bench.start("n1");
      await bench.settles("close resolved", node.transport.close());
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-02",
      title: "closes although it was never started",
      rule: "Availability (Raft §5.5): a server whose storage can't open gives its other parts back and reports that error, not another one",
    },
    async (bench) => {
      const transport = await bench.transport(await bench.subject.address());
      await bench.settles("close resolved", transport.close());
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-03",
      title: "its address can be taken again once close resolved",
      requires: ["TRANSPORT-01"],
      rule: "Availability (Raft §5.5): a crashed server restarts and rejoins under its address",
    },
    async (bench) => {
      const first = await bench.start("n1");
      await bench.settles("close resolved", first.transport.close());
      await bench.settles(
        "the next run started",
        bench.start("n1", { address: first.local.address, run: 2 }),
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-04",
      title: "start rejects with a RaftkitError when somebody listens there already",
      requires: ["TRANSPORT-01"],
      capabilities: ["listen"],
      rule: ONE_RUN,
    },
    async (bench) => {
      const first = await bench.start("n1");
      const second = await bench.transport(first.local.address);
      await bench.settles(
        "the second start ended",
        expectRefusal(
          () => second.start(localNode("n2", first.local.address), silent),
          "start at an address that is taken",
        ),
      );
      await bench.settles("the one that didn't start closed", second.close());
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-05",
      title: "close may be called twice, and while it is closing",
      requires: ["TRANSPORT-01"],
      rule: "Availability (Raft §5.5): a server stops at once wherever it fails, and may be closed by its owner at the same time",
    },
    async (bench) => {
      const { transport } = await bench.start("n1");
      await bench.settles(
        "both calls of close resolved",
        Promise.all([transport.close(), transport.close()]),
      );
      await bench.settles("a third close resolved", transport.close());
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-06",
      title: "before start and after close nothing throws, and send returns false",
      requires: ["TRANSPORT-01"],
      rule: "Availability (Raft §5.5): messages may be lost, so sending never fails; a throw would stop the server",
    },
    async (bench) => {
      const early = await bench.transport(await bench.subject.address());
      ensure(
        !early.send("n2", [pattern(10, 1)]),
        "send before start should return false; it returned true",
      );
      const [a, b] = [await bench.start("n1"), localNode("n2", await bench.subject.address())];
      await bench.settles("close resolved", a.transport.close());
      ensure(
        !a.transport.send("n2", [pattern(10, 1)]),
        "send after close should return false; it returned true",
      );
      a.transport.setPeers([b], []);
      a.transport.disconnect(b);
      ensure(
        !a.transport.send("n2", [pattern(10, 1)]),
        "send after close and setPeers should return false; it returned true",
      );
    },
  ),
];

export const closing: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-33",
      title: "close resolves though frames wait for a peer that isn't there, and for one that is",
      requires: ["TRANSPORT-05", "TRANSPORT-08"],
      rule: "Availability (Raft §5.5): a server that stops must not wait for others; a crashed one may never come back",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.list(a, [b.local, { id: "n3", address: await bench.subject.address() }]);
      await bench.arrives(a, b, pattern(100, 1));
      const frame = pattern(Math.min(a.transport.maxFrameBytes, 500_000), 2);
      for (let i = 0; i < 10; i++) for (const to of ["n2", "n3"]) a.transport.send(to, [frame]);
      await bench.settles("close resolved", a.transport.close());
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-34",
      title: "close resolves in the middle of a large frame that comes in",
      requires: ["TRANSPORT-08", "TRANSPORT-10"],
      rule: "Availability (Raft §5.5): a server that stops must not wait for others",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const frame = pattern(a.transport.maxFrameBytes, 2);
      let closed: Promise<void> | undefined;
      b.onReceive = (received) => {
        if (received.frame.length === frame.length) closed ??= b.transport.close(); // by now the beginning of the next one may be there
      };
      await bench.until("one of several large frames arrived", () => {
        for (let i = 0; i < 4 && closed === undefined; i++) a.transport.send("n2", [frame]);
        return closed !== undefined;
      });
      await bench.settles("close resolved", Promise.resolve(closed));
      ensure(
        b.frames.every(
          (received) => received.frame.length === 100 || received.frame.length === frame.length,
        ),
        "a part of a frame was delivered when the transport closed",
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-35",
      title: "calls no handler any more once close resolved",
      requires: ["TRANSPORT-05", "TRANSPORT-08"],
      rule: ONE_RUN,
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.meet(a, b, c);
      await bench.arrives(b, a, pattern(100, 1));
      await bench.arrives(b, c, pattern(100, 1));
      let sent = 0;
      for (; sent < 50; sent++) {
        b.transport.send("n1", [pattern(1000, sent)]);
        a.transport.send("n2", [pattern(1000, sent)]);
      }
      a.transport.send("n4", [pattern(10, 1)]);
      // In the midst of what comes in.
      await bench.until(
        "one of many frames arrived",
        () =>
          a.frames.some(({ frame }) => frame.length === 1000) ||
          (b.transport.send("n1", [pattern(1000, sent++)]) && false),
      );
      await bench.settles("close resolved", a.transport.close());
      const heard = (): string =>
        `${a.frames.length} frames, ${a.unreachable.length} times unreachable, ${a.rejected.length} rejected`;
      const before = heard();
      // What was under way to the closed node would have been there before these are.
      for (let i = 0; i < 20; i++) {
        b.transport.send("n1", [pattern(1000, i)]);
        await bench.arrives(b, c, pattern(1000, i));
      }
      ensure(
        heard() === before,
        `after close resolved the handler was called: first ${before}, then ${heard()}`,
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-36",
      title: "leaves no socket, timer or other handle behind",
      requires: ["TRANSPORT-08"],
      rule: "Availability (Raft §5.5): a program that stops its server ends; one that restarts it again and again must not run out of anything",
    },
    async (bench) => {
      await nextTurn(); // the runner sets its own timer for this case
      const before = handles();
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      // Not through the suite's links, which have sockets of their own.
      a.transport.setPeers([b.local, { id: "n3", address: await bench.subject.address() }], []);
      b.transport.setPeers([a.local], []);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.arrives(b, a, pattern(Math.min(a.transport.maxFrameBytes, 100_000), 1));
      a.transport.send("n3", [pattern(100, 1)]);
      for (const node of [a, b]) await bench.settles("close resolved", node.transport.close());
      const left = (): readonly string[] => {
        const rest = handles();
        for (const name of before) if (rest.includes(name)) rest.splice(rest.indexOf(name), 1);
        return rest;
      };
      await bench
        .until("all handles were gone", () => left().length === 0)
        .catch(() => {
          fail(`after both closed, these handles are left: ${left().join(", ")}`);
        });
    },
  ),
];

/** What keeps this process alive. */
function handles(): string[] {
  return process.getActiveResourcesInfo();
}

/** Two nodes that have each other as peers. */
export async function pair(bench: Bench): Promise<[TestNode, TestNode]> {
  const [a, b] = [await bench.start("n1"), await bench.start("n2")];
  await bench.meet(a, b);
  return [a, b];
}
