// Cases about seeds: addresses without a known id.
import type { LocalNode, Peer, Sender } from "@raftkit/core";
import { ensure } from "../expect.js";
import type { Suite } from "../suite.js";
import { nextTurn, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import { undisturbed } from "./lasting.js";
import type { TransportSubject } from "./subject.js";

const ROUNDS = 20;
const JOINING =
  "Availability (Raft §6): a server that joins has an address of the cluster; it learns from who answers there whom to ask";
const RETRIES =
  "Availability (Raft §5.5): the server at the one address that a joiner has may crash and restart meanwhile";

export const seeds: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-63",
      title: "who answers at a seed is met, can be sent to by its id, and answers",
      requires: ["TRANSPORT-07", "TRANSPORT-19"],
      rule: JOINING,
    },
    async (bench) => {
      const [a, b] = [
        await bench.start("n1", { run: 4 }),
        await bench.start("n2", { run: 2 ** 40 }),
      ];
      await bench.seek(a, [b.local]);
      await meets(bench, a, b.local);
      for (let i = 0; i < ROUNDS; i++) {
        await bench.arrives(a, b, pattern(100, i));
        await bench.arrives(b, a, pattern(100, 100 + i));
      }
      const wrong = a.met.find((from) => !isRun(from, b.local));
      ensure(
        wrong === undefined,
        `n2 (${b.local.incarnation}, run ${b.local.run}) is at the seed, and was met as ${wrong?.id} (${wrong?.incarnation}, run ${wrong?.run})`,
      );
      ensure(
        a.met.length < ROUNDS,
        `n2 was met ${a.met.length} times in ${ROUNDS} questions and answers on one connection`,
      );
      ensure(b.met.length === 0, `n2 has no seeds, and met ${b.met[0]?.id}`);
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-64",
      title: "who starts later at a seed is met then",
      requires: ["TRANSPORT-63"],
      rule: RETRIES,
    },
    async (bench) => {
      const [a, address] = [await bench.start("n1"), await bench.subject.address()];
      await bench.seek(a, [{ id: "n2", address }]);
      for (let i = 0; i < 2 * ROUNDS; i++) await nextTurn();
      ensure(a.met.length === 0, `${a.met[0]?.id} was met where nobody listens`);
      const b = await bench.start("n2", { address });
      await meets(bench, a, b.local);
      await bench.arrives(a, b, pattern(100, 1));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-65",
      title: "who restarts at a seed is met again, as its new run",
      requires: ["TRANSPORT-03", "TRANSPORT-63"],
      rule: RETRIES,
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.seek(a, [b.local]);
      await meets(bench, a, b.local);
      await bench.settles("close resolved", b.transport.close());
      const again = await bench.start("n2", { address: b.local.address, run: 2 });
      await meets(bench, a, again.local);
      await bench.arrives(a, again, pattern(100, 1));
      await bench.arrives(again, a, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-66",
      title: "who was cut off from a seed meets the same node again",
      requires: ["TRANSPORT-41", "TRANSPORT-63"],
      capabilities: ["cut"],
      rule: "Availability (Raft §5.5): what a joiner asked before its connection broke may be lost; it asks again who answers",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.seek(a, [b.local]);
      await meets(bench, a, b.local);
      bench.links.cut?.("n1", "n2");
      const attempts = (): number => bench.links.attempts?.("n1", "n2") ?? 0;
      const [before, end] = [attempts(), performance.now() + bench.patienceMs / 4];
      await bench.until(
        "n1 had tried the seed in vain",
        () => attempts() >= before + 2 || performance.now() > end,
      );
      a.met.length = 0;
      bench.links.heal?.("n1", "n2");
      await meets(bench, a, b.local);
      await bench.arrives(a, b, pattern(100, 1));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-67",
      title: "a node of another cluster or codec at a seed is reported and not met",
      requires: ["TRANSPORT-30", "TRANSPORT-63"],
      rule: "State Machine Safety (Raft §6): a server that joins a cluster by mistake takes its log and votes in it",
    },
    async (bench) => {
      const c = await bench.start("n3");
      for (const [i, changes] of [{ clusterId: "blue" }, { codec: "msgpack" }].entries()) {
        const [run, b] = [i + 1, await bench.start("n2", changes)];
        const a = await bench.start("n1", { run });
        await bench.seek(a, [b.local, c.local]);
        await meets(bench, a, c.local);
        await bench.until(
          `one of the two was told through \`rejected\` (${JSON.stringify(changes)})`,
          () => a.rejected.length + b.rejected.length > 0,
        );
        for (let seed = 0; seed < ROUNDS; seed++) await bench.arrives(a, c, pattern(100, seed));
        const wrong = a.met.find(({ id }) => id !== "n3");
        ensure(wrong === undefined, `n2 was met, though it has ${JSON.stringify(changes)}`);
        for (const node of [a, b]) await bench.settles("close resolved", node.transport.close());
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-68",
      title: "a node that finds itself at a seed passes itself over without a word",
      requires: ["TRANSPORT-63"],
      rule: "Availability (Raft §6): every server is started with the same list of addresses, its own among them",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.seek(a, [a.local, b.local]);
      await meets(bench, a, b.local);
      for (let i = 0; i < ROUNDS; i++) {
        await bench.arrives(a, b, pattern(100, i));
        await nextTurn();
      }
      ensure(
        a.met.every(({ id }) => id !== "n1"),
        "n1 met itself",
      );
      ensure(
        a.rejected.length === 0 && !a.unreachable.includes("n1"),
        `n1 is at one of its seeds, and was told: ${a.rejected[0]?.message ?? "n1 is unreachable"}`,
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-69",
      title: "a peer is met where a seed leads to it, and frames for it go on",
      requires: ["TRANSPORT-63"],
      rule: "Availability (Raft §6): a joiner's seeds become its peers when it is told the configuration, and the leader's frames for it go on",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      await bench.list(a, [b.local]);
      await bench.arrives(a, b, pattern(100, 1));
      ensure(a.met.length === 0, "n2 was met, though it is at no seed");
      await undisturbed(bench, a, b, "a seed led to it too", async () => {
        await bench.seek(a, [b.local], [b.local]);
        await meets(bench, a, b.local);
      });
      await bench.list(a, [b.local]);
      await bench.arrives(a, b, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-70",
      title: "seeds are replaced: who was met at one that left can't be sent to, a new one is met",
      requires: ["TRANSPORT-20", "TRANSPORT-63"],
      rule: "Availability (Raft §6, disruptive servers): who knows the configuration talks to its members, and leaves those be that it asked for the way",
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.seek(a, [b.local]);
      await meets(bench, a, b.local);
      for (const [next, former] of [
        [c, "n2"],
        [undefined, "n3"],
      ] as const) {
        await bench.seek(a, next === undefined ? [] : [next.local]);
        if (next !== undefined) await meets(bench, a, next.local);
        let sent = 0;
        await bench.until(
          `send to ${former}, whose seed left, returned false`,
          () => !a.transport.send(former, [pattern(100, sent++)]),
        );
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-71",
      title: "everybody is met who is at one of many seeds, though others lead nowhere",
      requires: ["TRANSPORT-64"],
      rule: "Availability (Raft §2): servers that are down must not keep a joiner from those that are there",
    },
    async (bench) => {
      const a = await bench.start("n0");
      const listed: Peer[] = [];
      const there: TestNode[] = [];
      for (let i = 0; i < 20; i++) {
        const id = `n${i + 1}`;
        const node = i % 3 === 2 ? await bench.start(id) : undefined;
        if (node !== undefined) there.push(node);
        listed.push(node?.local ?? { id, address: await bench.subject.address() });
      }
      await bench.seek(a, [...listed, ...listed]);
      for (const node of there) await meets(bench, a, node.local);
      for (const node of there) await bench.arrives(a, node, pattern(100, 1));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-72",
      title: "a seed that is no address harms nobody",
      requires: ["TRANSPORT-63"],
      rule: "Availability (Raft §5.5): a mistyped address is reported at most; the server lives on the others",
    },
    async (bench) => {
      const [a, b] = [await bench.start("n1"), await bench.start("n2")];
      a.transport.setPeers([], ["", "no address at all", "http://", ":", b.local.address, "\0"]);
      await meets(bench, a, b.local);
      await bench.arrives(a, b, pattern(100, 1));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-73",
      title: "nobody is met any more once close resolved",
      requires: ["TRANSPORT-05", "TRANSPORT-64"],
      rule: "Linearizability (Raft §8): one run of a server speaks at a time; what is begun after its end belongs to no run",
    },
    async (bench) => {
      const [a, c] = [await bench.start("n1"), await bench.start("n3")];
      const address = await bench.subject.address();
      for (const node of [a, c]) node.transport.setPeers([], [address]);
      for (let i = 0; i < ROUNDS; i++) await nextTurn();
      await bench.settles("close resolved", a.transport.close());
      const b = await bench.start("n2", { address });
      await meets(bench, c, b.local);
      for (let i = 0; i < ROUNDS; i++) await bench.arrives(c, b, pattern(100, i));
      ensure(a.met.length === 0, `after close resolved ${a.met[0]?.id} was met`);
    },
  ),
];

async function meets(bench: Bench, node: TestNode, whom: LocalNode): Promise<void> {
  await bench.until(`${whom.id} (run ${whom.run}) was met by ${node.id}`, () =>
    node.met.some((from) => isRun(from, whom)),
  );
}

function isRun(from: Sender, { id, incarnation, run }: Sender): boolean {
  return from.id === id && from.incarnation === incarnation && from.run === run;
}
