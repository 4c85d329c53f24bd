// Three nodes, and a report every 100 ms from whichever leads. After three reports the leader is
// closed, the next one goes on with a larger token, and after three more the program ends.
import type { RaftNode } from "raftkit";
import { createCounter } from "../counter/counter.js";
import { startMemoryCluster } from "../memory-cluster.js";
import type { Run } from "./cron.js";
import { every, runCron } from "./cron.js";
import { createReportStore } from "./report-store.js";

const nodes = await startMemoryCluster(createCounter);
const store = createReportStore();

async function report(node: RaftNode<number, number, "total", number>, run: Run): Promise<void> {
  const total = await node.propose(1, { signal: run.signal });
  store.write({ token: run.token, total });
  console.log(`report ${total}, by ${node.id} with token ${run.token}`);
  if (total === 3) await node.close();
  if (total === 6) await Promise.all(nodes.map((each) => each.close()));
}

await Promise.all(
  nodes.map((node) =>
    runCron({
      leadership: node.leadership(),
      schedule: every(100),
      job: (run) => report(node, run),
      onFailed: (error) => console.error(error),
    }),
  ),
);
