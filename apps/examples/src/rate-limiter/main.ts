// Three replicas that share one limit: a client that goes from one to the next is counted all the
// same.
import { startMemoryCluster } from "../memory-cluster.js";
import { createLimiterMachine } from "./limiter-machine.js";
import { createRateLimiter } from "./rate-limiter.js";

const nodes = await startMemoryCluster(createLimiterMachine);
const startMs = Date.now();
for (const node of [...nodes, ...nodes]) {
  const limiter = createRateLimiter({ node, limit: 4, periodMs: 60_000, now: () => startMs });
  const decision = await limiter.take("alice");
  console.log(`${node.id}: ${decision.allowed ? `come in, ${decision.left} left` : "too many"}`);
}
await Promise.all(nodes.map((node) => node.close()));
