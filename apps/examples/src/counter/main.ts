// Three nodes in one process, and a number that is the same on all of them. Everything is kept in
// memory, so it is gone when the program ends.
import { createJsonCodec } from "@raftkit/codec-json";
import { createMemoryLog } from "@raftkit/storage-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import type { RaftNode } from "raftkit";
import { createNode } from "raftkit";
import { createCounter } from "./counter.js";

const network = createMemoryNetwork();
const bootstrap = ["n1", "n2", "n3"].map((id) => ({ id, address: id }));
const start = (id: string): Promise<RaftNode<number, number, "total", number>> =>
  createNode({
    id,
    cluster: { id: "counter", bootstrap },
    transport: network.transport(),
    storage: { log: createMemoryLog() },
    codec: createJsonCodec(),
    stateMachine: createCounter(),
  });
const [n1, n2, n3] = await Promise.all([start("n1"), start("n2"), start("n3")]);

await n1.propose(40); // waits until the cluster has a leader
await n2.propose(2);
console.log(await n3.read("total")); // 42
await Promise.all([n1.close(), n2.close(), n3.close()]);
