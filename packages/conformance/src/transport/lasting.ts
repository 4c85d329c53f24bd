// Cases about what lasts too long or reaches too far: who is credited, who is cut off, how long
// somebody who was away waits, what fills up for whom, and what is left behind.
import { ensure, fail } from "../expect.js";
import { nextTurn, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const ROUNDS = 20;
const RESTARTS = 5;

export const lasting: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-48",
      title: "frames are credited to who sent them, not to whom was dialled",
      requires: ["TRANSPORT-16", "TRANSPORT-19"],
      rule: "Election Safety (Raft §5.2): another server may listen where a peer is looked for; its votes aren't that peer's",
    },
    async (bench) => {
      const [a, c] = [await bench.start("n1"), await bench.start("n3", { run: 7 })];
      await bench.list(a, [{ id: "n2", address: c.local.address }]);
      let sent = 0;
      await bench.until("frames came from where n2 should be, or that was noticed", () => {
        a.transport.send("n2", [pattern(100, sent++)]);
        c.transport.send("n1", [pattern(200, sent)]);
        // A connection takes its time, and until then n2 can't be reached, whoever listens there.
        return a.frames.length >= 3 || a.unreachable.length >= 50 || a.rejected.length > 0;
      });
      const wrong = a.frames.find(
        ({ from }) =>
          from.id !== "n3" || from.incarnation !== c.local.incarnation || from.run !== 7,
      );
      ensure(
        wrong === undefined,
        `n3 listens where n2 was dialled, and its frame was credited to ${wrong?.from.id} (${wrong?.from.incarnation}, run ${wrong?.from.run})`,
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-49",
      title: "disconnect of an earlier run neither cuts the new one nor keeps it out",
      requires: ["TRANSPORT-25", "TRANSPORT-32"],
      rule: "Availability (Raft §5.5): what an earlier run did is known late; a restarted server is another one, and may be the repaired one",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1", { run: 8 }), await bench.start("n2")];
      await bench.meet(a, b);
      const { from } = await bench.arrives(a, b, pattern(100, 1));
      await bench.settles("close resolved", a.transport.close());
      const again = await bench.start("n1", { run: 9, address: a.local.address });
      await bench.list(again, [b.local]);
      await bench.arrives(again, b, pattern(100, 2));
      await undisturbed(bench, again, b, "an earlier run of it was cut off", async () => {
        b.transport.disconnect(from);
      });
      // The other way around: cut off, then restarted.
      b.transport.disconnect({ ...from, run: 9 });
      await bench.settles("close resolved", again.transport.close());
      const third = await bench.start("n1", { run: 10, address: a.local.address });
      await bench.list(third, [b.local]);
      await bench.arrives(third, b, pattern(100, 3));
      await bench.arrives(b, third, pattern(100, 4));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-50",
      title: "a namesake with another data directory doesn't cut the connection of the real one",
      requires: ["TRANSPORT-18"],
      rule: "Availability (Raft §2): a server that was started twice by mistake, or a wiped one, must not put the working one out of the conversation",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.list(a, [b.local]);
      await bench.arrives(a, b, pattern(100, 1));
      const twin = await bench.start("n1", { incarnation: "another-data-directory" });
      await undisturbed(bench, a, b, "a namesake had come", async () => {
        // Not through the links: they know nodes by their ids.
        twin.transport.setPeers([b.local], []);
        let sent = 0;
        await bench.until("the namesake was heard, or turned away", () => {
          twin.transport.send("n2", [pattern(300, sent++)]);
          return (
            b.frames.some(({ frame }) => frame.length === 300) ||
            [...b.rejected, ...twin.rejected].length > 0 ||
            twin.unreachable.length > 3
          );
        });
      });
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-51",
      title: "a peer that was away for long is reached soon after it is back",
      requires: ["TRANSPORT-41"],
      capabilities: ["cut"],
      rule: "Availability (Raft §5.5): pauses between attempts that double for ever keep a repaired server away for as long as it was broken",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.list(a, [b.local]);
      await bench.arrives(a, b, pattern(100, 1));
      bench.links.cut?.("n1", "n2");
      const attempts = (): number => bench.links.attempts?.("n1", "n2") ?? 0;
      const start = performance.now();
      const awayMs = bench.patienceMs / 2;
      let [seen, sent] = [attempts(), 0];
      await bench.until("n2 had been away for long", () => {
        a.transport.send("n2", [pattern(100, 1000 + sent++)]);
        const tried = attempts() > seen;
        seen = attempts();
        // Back right after an attempt failed: the pause that follows is as long as it can be.
        const awhile = performance.now() - start;
        return (awhile > awayMs && tried) || awhile > awayMs * 1.5;
      });
      bench.links.heal?.("n1", "n2");
      const heard = b.frames.length;
      await bench.until(
        `n2, which was away for ${Math.round(performance.now() - start)} ms, was reached again`,
        () => {
          a.transport.send("n2", [pattern(100, 2000 + sent++)]);
          return b.frames.length > heard;
        },
        bench.patienceMs / 4,
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-52",
      title: "a full queue for one peer refuses no frame for another",
      requires: ["TRANSPORT-39"],
      capabilities: ["queue", "stall"],
      rule: "Availability (Raft §2): a minority of slow or dead servers must not slow the rest; what waits for them is theirs",
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.list(a, [b.local, c.local]);
      for (const to of [b, c]) await bench.arrives(a, to, pattern(100, 1));
      bench.links.stall?.("n1", "n2");
      const frame = pattern(Math.min(a.transport.maxFrameBytes, 200_000), 2);
      const most = (bench.subject.maxQueueBytes ?? 0) + 64 * 2 ** 20;
      let [taken, tookOther] = [0, false];
      await bench.until("the queue for n2 was full", () => {
        while (taken < most && a.transport.send("n2", [frame])) taken += frame.length;
        tookOther = a.transport.send("n3", [frame]); // in the same turn: later n2 may be given up
        return taken > 0;
      });
      ensure(
        tookOther,
        `when ${taken} bytes waited for n2, which doesn't read, send refused a frame of ${frame.length} bytes for n3, for which nothing waits`,
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-53",
      title: `${RESTARTS} restarts, with peers that are down, cut off and called wrongly, leave no handle behind`,
      requires: ["TRANSPORT-36"],
      rule: "Availability (Raft §5.5): a program that restarts its server again and again must not run out of anything",
    },
    async (bench) => {
      await nextTurn(); // the runner sets its own timer for this case
      const before = handles();
      const b = await bench.start("n2");
      const [address, dead] = [await bench.subject.address(), await bench.subject.address()];
      for (let run = 1; run <= RESTARTS; run++) {
        const a = await bench.start("n1", { run, address });
        // Not through the suite's links, which have sockets of their own.
        a.transport.setPeers([b.local, { id: "n3", address: dead }], []);
        b.transport.setPeers([a.local], []);
        const { from } = await bench.arrives(a, b, pattern(100, run));
        a.transport.send("n3", [pattern(100, run)]);
        if (run % 2 === 0) b.transport.disconnect(from);
        a.transport.setPeers([b.local, { id: "n4", address: dead }], []);
        await bench.settles("close resolved", a.transport.close());
      }
      await bench.settles("close resolved", b.transport.close());
      const left = (): readonly string[] => {
        const rest = handles();
        for (const name of before) if (rest.includes(name)) rest.splice(rest.indexOf(name), 1);
        return rest;
      };
      await bench
        .until("all handles were gone", () => left().length === 0)
        .catch(() => {
          fail(
            `after ${RESTARTS} restarts and both closed, ${left().length} handles are left: ${left().join(", ")}`,
          );
        });
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-54",
      title: "calls no handler once close resolved, though what was under way ends only then",
      requires: ["TRANSPORT-35", "TRANSPORT-40"],
      capabilities: ["cut", "stall"],
      rule: "Linearizability (Raft §8): one run of a server speaks at a time; an answer that belongs to an earlier run settles another call",
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.list(b, [c.local]);
      await bench.list(a, [b.local]);
      bench.links.stall?.("n1", "n2");
      for (let sent = 0; sent < ROUNDS; sent++) {
        a.transport.send("n2", [pattern(100, sent)]);
        await nextTurn();
      }
      await bench.settles("close resolved", a.transport.close());
      const heard = (): string =>
        `${a.frames.length} frames, ${a.unreachable.length} times unreachable, ${a.rejected.length} rejected`;
      const before = heard();
      bench.links.cut?.("n1", "n2");
      for (let i = 0; i < ROUNDS; i++) {
        await bench.arrives(b, c, pattern(100, i));
        await nextTurn();
      }
      ensure(
        heard() === before,
        `after close resolved the handler was called when a connection ended that had been under way: first ${before}, then ${heard()}`,
      );
    },
  ),
];

/** What keeps this process alive. */
function handles(): string[] {
  return process.getActiveResourcesInfo();
}

/** Frames go on as they did before: the sender is told no more often that they don't. */
export async function undisturbed(
  bench: Bench,
  from: TestNode,
  to: TestNode,
  what: string,
  happen: () => Promise<void>,
): Promise<void> {
  const losses = async (seed: number): Promise<number> => {
    for (let i = 0; i < ROUNDS; i++) {
      await bench.arrives(from, to, pattern(100, seed + i));
      await nextTurn();
    }
    return from.unreachable.length;
  };
  from.unreachable.length = 0;
  const usual = await losses(100);
  from.unreachable.length = 0;
  await happen();
  const then = await losses(200);
  ensure(
    then <= 2 * usual,
    `after ${what}, ${from.id} was told ${then} times in ${ROUNDS} frames that ${to.id} is unreachable, ${usual} times before`,
  );
}
