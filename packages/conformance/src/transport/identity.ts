// Cases about who speaks: the sender that comes with each frame, restarts and wiped nodes, and who
// is turned away.
import { ensure } from "../expect.js";
import { pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import type { LocalNode, Sender } from "@raftkit/core";
import type { Case, Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const ONE_VOTE =
  "Election Safety (Raft §5.2): each server votes once in a term, and votes are counted by who sent them";

export const senders: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-16",
      title: "every frame comes with its sender's id, incarnation and run",
      requires: ["TRANSPORT-07"],
      rule: ONE_VOTE,
    },
    async (bench) => {
      const nodes = [
        await bench.start("n1", { run: 3 }),
        await bench.start("n2", { run: 1 }),
        await bench.start("n3", { run: 2 ** 40 }),
      ];
      await bench.meet(...nodes);
      for (const [i, from] of nodes.entries()) {
        for (const to of nodes) if (to !== from) await bench.arrives(from, to, pattern(100, i));
      }
      for (const to of nodes) {
        for (const [i, from] of nodes.entries()) {
          for (const received of to.frames) {
            if (received.frame[0] === pattern(100, i)[0]) isFrom(received.from, from.local);
          }
        }
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-17",
      title: "frames of many senders at once are not mixed up",
      requires: ["TRANSPORT-16"],
      rule: ONE_VOTE,
    },
    async (bench) => {
      const to = await bench.start("n0");
      const nodes = await Promise.all(
        ["n1", "n2", "n3", "n4"].map((id, i) => bench.start(id, { run: 10 + i })),
      );
      await bench.meet(to, ...nodes);
      for (const [i, from] of nodes.entries()) await bench.arrives(from, to, marked(i, 0));
      for (let round = 1; round <= 40; round++) {
        for (const [i, from] of nodes.entries()) from.transport.send("n0", [marked(i, round)]);
        if (round % 10 === 0) {
          await Promise.all(
            nodes.map((from, i) => bench.arrives(from, to, marked(i, 1000 + round))),
          );
        }
      }
      for (const { from, frame } of to.frames) {
        const sender = nodes[frame[0] ?? -1];
        ensure(
          sender !== undefined && frame.subarray(1).every((byte) => byte === frame[0]),
          `a frame came that nobody sent; its sender should be ${from.id}`,
        );
        isFrom(from, sender.local);
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-18",
      title: "two processes under one id are told apart by their incarnations",
      requires: ["TRANSPORT-16"],
      rule: "Election Safety (Raft §5.2): a wiped server that comes back beside its old self must not vote twice",
    },
    async (bench) => {
      const to = await bench.start("n0");
      const twins = [
        await bench.start("n1", { incarnation: "the-first-data-directory" }),
        await bench.start("n1", { incarnation: "the-other-data-directory" }),
      ];
      for (const twin of twins) await bench.list(twin, [to.local]);
      let round = 0;
      await bench.until("frames of both arrived, or one was turned away", () => {
        round++;
        for (const [i, twin] of twins.entries()) {
          if (round % 20 === i) twin.transport.send("n0", [pattern(50 + i, i)]);
        }
        return (
          to.rejected.length > 0 ||
          twins.every(
            (_, i) => to.frames.filter(({ frame }) => frame.length === 50 + i).length >= 3,
          )
        );
      });
      for (const { from, frame } of to.frames) isFrom(from, twins[frame.length - 50]?.local);
    },
  ),
];

export const restarts: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-25",
      title: "a restarted node's frames come with its new run",
      requires: ["TRANSPORT-16", "TRANSPORT-24"],
      rule: "Linearizability (Raft §8): answers to an earlier run settle nothing; its reads and proposals are gone, and so is what it hadn't made durable",
    },
    async (bench) => {
      await comesBackAs(bench, { run: 8 }, { run: 9 });
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-26",
      title: "a wiped node's frames come with its new incarnation, though its runs begin anew",
      requires: ["TRANSPORT-16", "TRANSPORT-24"],
      rule: "Election Safety (Raft §5.2): a wiped server forgot its votes, and others must notice (cockroachdb/cockroach#756, databendlabs/openraft#2002)",
    },
    async (bench) => {
      await comesBackAs(bench, { run: 8 }, { run: 1, incarnation: "another-data-directory" });
    },
  ),
];

export const strangers: Suite<TransportSubject> = [
  turnsAway(
    "TRANSPORT-29",
    "nothing is delivered to or from a node of another cluster",
    { clusterId: "blue" },
    false,
  ),
  turnsAway(
    "TRANSPORT-30",
    "a node of another cluster that was turned away is reported",
    { clusterId: "blue" },
    true,
  ),
  turnsAway(
    "TRANSPORT-31",
    "nothing is delivered to or from a node with another codec, and that is reported",
    { codec: "cbor" },
    true,
  ),
];

async function comesBackAs(
  bench: Bench,
  before: Partial<LocalNode>,
  after: Partial<LocalNode>,
): Promise<void> {
  const [a, b] = [await bench.start("n1", before), await bench.start("n2")];
  await bench.meet(a, b);
  isFrom((await bench.arrives(a, b, pattern(100, 1))).from, a.local);
  await bench.arrives(b, a, pattern(100, 2));
  await bench.settles("close resolved", a.transport.close());
  const again = await bench.start("n1", { ...after, address: a.local.address });
  await bench.list(again, [b.local]);
  isFrom((await bench.arrives(again, b, pattern(100, 3))).from, again.local);
  await bench.arrives(b, again, pattern(100, 4));
}

/** That a stranger gets nowhere is seen by what others get through meanwhile. */
function turnsAway(
  id: string,
  title: string,
  strange: Partial<LocalNode>,
  reported: boolean,
): Case<TransportSubject> {
  return transportCase(
    {
      id,
      title,
      requires:
        reported && strange.clusterId !== undefined
          ? ["TRANSPORT-29"]
          : ["TRANSPORT-07", "TRANSPORT-19"],
      rule: "Election Safety (Raft §5.2): terms and votes of one cluster mean nothing in another (cockroachdb/cockroach#37907), and entries in another codec can't be applied",
    },
    async (bench) => {
      const [a, b, stranger] = [
        await bench.start("n1"),
        await bench.start("n2"),
        await bench.start("n3", strange),
      ];
      await bench.meet(a, b, stranger);
      const meddle = (i: number): void => {
        stranger.transport.send("n1", [pattern(70, i)]);
        a.transport.send("n3", [pattern(70, i)]);
      };
      for (let i = 0; i < 20; i++) {
        meddle(i);
        await bench.arrives(b, a, pattern(100, i));
      }
      let tries = 0;
      if (reported) {
        await bench.until("one of the two was told through `rejected`", () => {
          meddle(tries++);
          return a.rejected.length > 0 || stranger.rejected.length > 0;
        });
        const wrong = [...a.rejected, ...stranger.rejected].find(
          ({ code, message }) => typeof code !== "string" || message === "",
        );
        ensure(
          wrong === undefined,
          `what \`rejected\` gets should be a RaftkitError with a code and a message; it was ${String(wrong)}`,
        );
      }
      const got: readonly [TestNode, string][] = [
        [a, "n3"],
        [stranger, "n1"],
      ];
      for (const [node, other] of got) {
        ensure(
          node.frames.every(({ from }) => from.id !== other),
          `${node.id} got a frame from ${other}: ${JSON.stringify(strange)} was not turned away`,
        );
      }
    },
  );
}

function isFrom(came: Sender, sent: Sender | undefined): void {
  ensure(
    sent !== undefined &&
      came.id === sent.id &&
      came.incarnation === sent.incarnation &&
      came.run === sent.run,
    `the frame was sent by ${sent?.id} (${sent?.incarnation}, run ${sent?.run}), but came as one of ${came.id} (${came.incarnation}, run ${came.run})`,
  );
}

/** Says in every byte who sent it; of all sizes, so that it travels in different ways. */
function marked(sender: number, round: number): Uint8Array {
  return new Uint8Array([10, 3000, 1, 40_000, 200][round % 5] ?? 1).fill(sender);
}
