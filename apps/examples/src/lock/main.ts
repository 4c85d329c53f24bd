// Two owners want the same lock. The second gets it when the first one lets it expire, with a larger
// token.
import { setTimeout } from "node:timers/promises";
import { startMemoryCluster } from "../memory-cluster.ts";
import type { Acquired, LockNode } from "./lock-machine.ts";
import { createLockMachine } from "./lock-machine.ts";

const nodes = await startMemoryCluster(createLockMachine);
const [n1, , n3] = nodes;
const acquire = (node: LockNode | undefined, owner: string): Promise<Acquired> | undefined =>
  node?.propose({ type: "acquire", name: "reports", owner, ttlMs: 300 });

const first = await acquire(n1, "alice");
console.log(first?.held); // true
let second = await acquire(n3, "bob");
console.log(second?.held); // false
while (second?.held === false) {
  await setTimeout(second.freeInMs);
  second = await acquire(n3, "bob");
}
console.log(first?.held && second?.held && second.token > first.token); // true
await Promise.all(nodes.map((node) => node.close()));
