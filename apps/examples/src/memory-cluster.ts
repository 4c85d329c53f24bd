// Three nodes in one process that keep everything in memory: enough to try a state machine.
import { createJsonCodec } from "@raftkit/codec-json";
import { createMemoryLog } from "@raftkit/storage-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import type { RaftNode, StateMachine } from "raftkit";
import { createNode } from "raftkit";

export function startMemoryCluster<Command, Result, Query, Answer>(
  createStateMachine: () => StateMachine<Command, Result, Query, Answer>,
): Promise<RaftNode<Command, Result, Query, Answer>[]> {
  const network = createMemoryNetwork();
  const bootstrap = ["n1", "n2", "n3"].map((id) => ({ id, address: id }));
  return Promise.all(
    bootstrap.map(({ id }) =>
      createNode({
        id,
        cluster: { id: "examples", bootstrap },
        transport: network.transport(),
        storage: { log: createMemoryLog() },
        codec: createJsonCodec(),
        stateMachine: createStateMachine(),
      }),
    ),
  );
}
