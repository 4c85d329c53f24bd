// Cases about who can be reached: peers that come, go, move and restart, nodes that spoke first,
// and who is down.
import { ensure } from "../expect.js";
import { pattern, transportCase } from "./bench.js";
import { pair } from "./starting.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const REQUESTS_OF_STRANGERS =
  "Availability (Raft §6): servers take requests of servers that are not in their configuration; a joining or lagging one must be able to answer a leader that it doesn't know yet";
const RETRIES = "Availability (Raft §5.5): a leader retries until a crashed follower is back";

export const peers: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-19",
      title: "a node that is no peer is answered when it has spoken",
      requires: ["TRANSPORT-07"],
      rule: REQUESTS_OF_STRANGERS,
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.list(a, [b.local]);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.arrives(b, a, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-20",
      title: "send to a node that nobody named returns false and doesn't throw",
      requires: ["TRANSPORT-07"],
      rule: "Linearizability (Raft §8): false tells a proposer that nothing was sent, so that it may propose again without applying twice",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      ensure(
        !a.transport.send("n9", [pattern(100, 2)]),
        "send to a node that is no peer and never spoke should return false; it returned true",
      );
      await bench.arrives(a, b, pattern(100, 3));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-21",
      title: "setPeers replaces the earlier list: who left gets nothing",
      requires: ["TRANSPORT-07", "TRANSPORT-20"],
      rule: "Availability (Raft §6, disruptive servers): a server that was removed must not be kept in the conversation",
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.list(a, [b.local, c.local]);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.list(a, [c.local]);
      let sent = 0;
      await bench.until(
        "send to the peer that left returned false",
        () => !a.transport.send("n2", [pattern(100, 100 + sent++)]),
      );
      await bench.arrives(a, c, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-22",
      title: "a peer that moved is reached at its new address",
      requires: ["TRANSPORT-07"],
      rule: "Availability (Raft §6): a configuration carries addresses, and the latest one in the log is in force",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const moved = await bench.start("n2", { run: 2 });
      await bench.list(a, [moved.local]);
      await bench.arrives(a, moved, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-23",
      title: "a peer that starts later is reached without another word",
      requires: ["TRANSPORT-07"],
      rule: RETRIES,
    },
    async (bench) => {
      const [a, address] = [await bench.start("n1"), await bench.subject.address()];
      await bench.list(a, [{ id: "n2", address }]);
      let sent = 0;
      await bench.until("some frames were sent in vain", () => {
        ensure(
          !(a.transport.send("n2", [pattern(100, 100)]) && a.frames.length > 0),
          "a frame came from a node that never started",
        );
        return ++sent > 5;
      });
      const b = await bench.start("n2", { address });
      await bench.arrives(a, b, pattern(100, 1));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-24",
      title: "a peer that closed and starts again is reached again",
      requires: ["TRANSPORT-03", "TRANSPORT-23"],
      rule: RETRIES,
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.arrives(b, a, pattern(100, 2));
      await bench.settles("close resolved", b.transport.close());
      for (let sent = 0; sent < 5; sent++) a.transport.send("n2", [pattern(100, 100 + sent)]);
      const again = await bench.start("n2", { address: b.local.address, run: 2 });
      await bench.arrives(a, again, pattern(100, 3));
    },
  ),
];

export const unreachables: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-27",
      title: "a peer that is down is reported as unreachable, and send doesn't throw",
      requires: ["TRANSPORT-07"],
      rule: "Availability (Raft §5.3, thesis §10.2.1): a leader that pipelines must learn of lost frames to send them again; else the follower waits for the next heartbeat to be rejected",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.settles("close resolved", b.transport.close());
      a.unreachable.length = 0;
      let sent = 0;
      await bench.until("n2 was reported as unreachable", () => {
        a.transport.send("n2", [pattern(100, sent++)]);
        return a.unreachable.includes("n2");
      });
      const other = a.unreachable.find((id) => id !== "n2");
      ensure(other === undefined, `n2 is down, but ${other} was reported as unreachable`);
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-28",
      title: "a dead peer doesn't hold up the frames for the others",
      requires: ["TRANSPORT-07"],
      rule: "Availability (Raft §2): a minority of slow or dead servers must not slow the rest",
    },
    async (bench) => {
      const [a, c, address] = [
        await bench.start("n1"),
        await bench.start("n3"),
        await bench.subject.address(),
      ];
      await bench.list(a, [
        { id: "n2", address },
        c.local,
        { id: "n4", address: await bench.subject.address() },
      ]);
      for (let i = 0; i < 30; i++) {
        for (const dead of ["n2", "n4"]) a.transport.send(dead, [pattern(5000, i)]);
        await bench.arrives(a, c, pattern(100, i));
      }
    },
  ),
];

export const disconnecting: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-32",
      title: "disconnect cuts a sender off: it is told, and may come back later",
      requires: ["TRANSPORT-24", "TRANSPORT-27"],
      rule: "Availability (Raft §5.5): a server whose messages make no sense is cut off, but not for ever; it may be upgraded or repaired",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      const { from } = await bench.arrives(a, b, pattern(100, 1));
      await bench.arrives(b, a, pattern(100, 2));
      // What it doesn't know or what is long gone changes nothing.
      b.transport.disconnect({ ...from, id: "n9" });
      b.transport.disconnect({ ...from, incarnation: "never-heard-of-this-one" });
      await bench.arrives(a, b, pattern(100, 3));
      a.unreachable.length = 0;
      b.transport.disconnect(from);
      let sent = 0;
      await bench.until("the one that was cut off was told that the other is unreachable", () => {
        a.transport.send("n2", [pattern(100, 100 + sent++)]);
        return a.unreachable.includes("n2");
      });
      await bench.arrives(a, b, pattern(100, 4));
      await bench.arrives(b, a, pattern(100, 5));
    },
  ),
];
