// A number that three nodes agree on.
import { createJsonCodec } from "@raftkit/codec-json";
import { createMemoryLog } from "@raftkit/storage-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import { createNode } from "raftkit";

const network = createMemoryNetwork();
const bootstrap = ["n1", "n2", "n3"].map((id) => ({ id, address: id }));

function start(id: string) {
  let total = 0;
  return createNode({
    id,
    cluster: { id: "counter", bootstrap },
    transport: network.transport(),
    storage: { log: createMemoryLog() },
    codec: createJsonCodec(),
    stateMachine: {
      apply: (add: number) => (total += add),
      query: () => total,
    },
  });
}

const [n1, n2, n3] = await Promise.all([start("n1"), start("n2"), start("n3")]);
await n1.propose(40); // waits for the first leader
console.log(await n2.propose(2)); // 42
console.log(await n3.read("total")); // 42
await Promise.all([n1.close(), n2.close(), n3.close()]);
