import type { Target, TransportSubject } from "@raftkit/conformance";
import { transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createMemoryNetwork } from "../src/index.js";

const maxQueueBytes = 2 ** 21;

const target: Target<TransportSubject> = {
  name: "memory",
  capabilities: ["listen", "queue", "cut"],
  create() {
    const network = createMemoryNetwork({ maxFrameBytes: 2 ** 20, maxQueueBytes });
    let addresses = 0;
    return { maxQueueBytes, address: () => `here-${++addresses}`, transport: () => network.transport(), links: { cut: (from, to) => network.cut(from, to), heal: (from, to) => network.heal(from, to) } };
  },
};

describeSuite("memory", transportSuite, target);
