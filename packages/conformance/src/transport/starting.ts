// Cases about beginning and ending: before `start`, after `close`, and what `close` leaves behind.
import { ensure, expectRefusal, fail } from "../expect.js";
import { localNode, nextTurn, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const ONE_RUN = "one run of a node speaks at a time: core tells runs of a node apart by the number that their transport gives (design §3)";
const silent = { receive: () => undefined, unreachable: () => undefined, rejected: () => undefined };

export const starting: Suite<TransportSubject> = [
  transportCase({
    id: "TRANSPORT-01", title: "starts at its address and closes",
    rule: "servers are contacted at the addresses in their configuration (paper §6)",
  }, async (bench) => {
    const node = await bench.start("n1");
    await bench.settles("close resolved", node.transport.close());
  }),
  transportCase({
    id: "TRANSPORT-02", title: "closes although it was never started",
    rule: "a node whose storage or machine can't open gives its parts back and reports that error, not another one (hazard 46: nodes that can't start)",
  }, async (bench) => {
    const transport = await bench.transport(await bench.subject.address());
    await bench.settles("close resolved", transport.close());
  }),
  transportCase({
    id: "TRANSPORT-03", title: "its address can be taken again once close resolved", requires: ["TRANSPORT-01"],
    rule: "a crashed server restarts and rejoins under its address (paper §5.5)",
  }, async (bench) => {
    const first = await bench.start("n1");
    await bench.settles("close resolved", first.transport.close());
    await bench.settles("the next run started", bench.start("n1", { address: first.local.address, run: 2 }));
  }),
  transportCase({
    id: "TRANSPORT-04", title: "start rejects with a RaftkitError when somebody listens there already", requires: ["TRANSPORT-01"], capabilities: ["listen"],
    rule: ONE_RUN,
  }, async (bench) => {
    const first = await bench.start("n1");
    const second = await bench.transport(first.local.address);
    await bench.settles("the second start ended", expectRefusal(() => second.start(localNode("n2", first.local.address), silent), "start at an address that is taken"));
    await bench.settles("the one that didn't start closed", second.close());
  }),
  transportCase({
    id: "TRANSPORT-05", title: "close may be called twice, and while it is closing", requires: ["TRANSPORT-01"],
    rule: "a node stops at once wherever it fails, and may be closed by its owner at the same time (design §2, rule 5)",
  }, async (bench) => {
    const { transport } = await bench.start("n1");
    await bench.settles("both calls of close resolved", Promise.all([transport.close(), transport.close()]));
    await bench.settles("a third close resolved", transport.close());
  }),
  transportCase({
    id: "TRANSPORT-06", title: "before start and after close nothing throws, and send returns false", requires: ["TRANSPORT-01"],
    rule: "core's effects are carried out until the node is gone; a throw would stop it as a bug (design §2, rule 1)",
  }, async (bench) => {
    const early = await bench.transport(await bench.subject.address());
    ensure(!early.send("n2", [pattern(10, 1)]), "send before start should return false; it returned true");
    const [a, b] = [await bench.start("n1"), localNode("n2", await bench.subject.address())];
    await bench.settles("close resolved", a.transport.close());
    ensure(!a.transport.send("n2", [pattern(10, 1)]), "send after close should return false; it returned true");
    a.transport.setPeers([b]);
    a.transport.disconnect(b);
    ensure(!a.transport.send("n2", [pattern(10, 1)]), "send after close and setPeers should return false; it returned true");
  }),
];

export const closing: Suite<TransportSubject> = [
  transportCase({
    id: "TRANSPORT-33", title: "close resolves though frames wait for a peer that isn't there, and for one that is", requires: ["TRANSPORT-05", "TRANSPORT-08"],
    rule: "a node that steps out must not wait for others: a crashed follower may never come back (paper §5.5)",
  }, async (bench) => {
    const [a, b] = await pair(bench);
    await bench.list(a, [b.local, { id: "n3", address: await bench.subject.address() }]);
    await bench.arrives(a, b, pattern(100, 1));
    const frame = pattern(Math.min(a.transport.maxFrameBytes, 500_000), 2);
    for (let i = 0; i < 10; i++) for (const to of ["n2", "n3"]) a.transport.send(to, [frame]);
    await bench.settles("close resolved", a.transport.close());
  }),
  transportCase({
    id: "TRANSPORT-34", title: "close resolves in the middle of a large frame that comes in", requires: ["TRANSPORT-08", "TRANSPORT-10"],
    rule: "a node that steps out must not wait for others (paper §5.5)",
  }, async (bench) => {
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
    ensure(b.frames.every((received) => received.frame.length === 100 || received.frame.length === frame.length), "a part of a frame was delivered when the transport closed");
  }),
  transportCase({
    id: "TRANSPORT-35", title: "calls no handler any more once close resolved", requires: ["TRANSPORT-05", "TRANSPORT-08"],
    rule: ONE_RUN,
  }, async (bench) => {
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
    await bench.until("one of many frames arrived", () => a.frames.some(({ frame }) => frame.length === 1000) || (b.transport.send("n1", [pattern(1000, sent++)]) && false));
    await bench.settles("close resolved", a.transport.close());
    const heard = (): string => `${a.frames.length} frames, ${a.unreachable.length} times unreachable, ${a.rejected.length} rejected`;
    const before = heard();
    // What was under way to the closed node would have been there before these are.
    for (let i = 0; i < 20; i++) {
      b.transport.send("n1", [pattern(1000, i)]);
      await bench.arrives(b, c, pattern(1000, i));
    }
    ensure(heard() === before, `after close resolved the handler was called: first ${before}, then ${heard()}`);
  }),
  transportCase({
    id: "TRANSPORT-36", title: "leaves no socket, timer or other handle behind", requires: ["TRANSPORT-08"],
    rule: "a program that stops its node ends; one that restarts it again and again runs on (hazard 55: nothing without bound)",
  }, async (bench) => {
    await nextTurn(); // the runner sets its own timer for this case
    const before = handles();
    const [a, b] = [await bench.start("n1"), await bench.start("n2")];
    // Not through the suite's links, which have sockets of their own.
    a.transport.setPeers([b.local, { id: "n3", address: await bench.subject.address() }]);
    b.transport.setPeers([a.local]);
    await bench.arrives(a, b, pattern(100, 1));
    await bench.arrives(b, a, pattern(Math.min(a.transport.maxFrameBytes, 100_000), 1));
    a.transport.send("n3", [pattern(100, 1)]);
    for (const node of [a, b]) await bench.settles("close resolved", node.transport.close());
    const left = (): readonly string[] => {
      const rest = handles();
      for (const name of before) if (rest.includes(name)) rest.splice(rest.indexOf(name), 1);
      return rest;
    };
    await bench.until("all handles were gone", () => left().length === 0).catch(() => { fail(`after both closed, these handles are left: ${left().join(", ")}`); });
  }),
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
