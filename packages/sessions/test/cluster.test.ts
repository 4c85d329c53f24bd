// In real nodes: commands of a session are executed once while leaders change, and what was kept is
// there after a restart.
import { expect, onTestFinished, test } from "vitest";
import type { LogStorage, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import { createMemoryLog } from "@raftkit/storage-memory";
import type { MemoryNetwork } from "@raftkit/transport-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import type { SessionsCommand, SessionsResult } from "../src/index.js";
import { createSession, numberedCommand, withSessions } from "../src/index.js";
import type { Command, Result, State } from "./support/ledger.js";
import { add, codec, createLedger } from "./support/ledger.js";

type Node = RaftNode<SessionsCommand<Command, Result>, SessionsResult<Result>, null, State>;

const IDS = ["n1", "n2", "n3"];

async function start(network: MemoryNetwork, id: string, log: LogStorage): Promise<Node> {
  const node = await createNode({
    id,
    cluster: { id: "test", bootstrap: IDS.map((peer) => ({ id: peer, address: peer })) },
    transport: network.transport(),
    storage: { log },
    codec,
    stateMachine: withSessions(createLedger(), { codec }),
  });
  onTestFinished(() => node.close());
  return node;
}

test("each command of a session is executed once, whatever becomes of leaders and nodes", async () => {
  const network = createMemoryNetwork();
  const logs = IDS.map(() => createMemoryLog());
  const nodes = await Promise.all(
    IDS.map((id, i) => start(network, id, logs[i] ?? createMemoryLog())),
  );
  const [n1, n2, n3] = nodes;
  if (!n1 || !n2 || !n3) throw new Error("there are three nodes");
  const session = await createSession(n2);
  const under: Promise<unknown>[] = [];
  for (let i = 0; i < 40; i++) under.push(session.propose(add("a", 1)));
  // Cut off the leader, if it isn't the session's own node, in the middle of it.
  const leader = nodes.find((node) => node.status().role === "leader" && node !== n2) ?? n3;
  for (const other of IDS) network.cut(leader.id, other);
  for (let i = 0; i < 40; i++) under.push(session.propose(add("a", 1)));
  await Promise.all(under);
  network.heal();
  expect(await n2.read(null)).toEqual([["a", 80]]);

  const first = await n2.propose(numberedCommand(session.id, 100, 100, add("a", 1)));
  expect(first).toEqual({ ok: true, result: { sum: 81 } });
  await n1.close();
  const again = await start(network, "n1", logs[0] ?? createMemoryLog());
  const repeated = await again.propose(numberedCommand(session.id, 100, 100, add("a", 1)));
  expect(repeated).toEqual(first);
  expect(await again.read(null)).toEqual([["a", 81]]);
  expect(await n3.read(null)).toEqual([["a", 81]]);
});
