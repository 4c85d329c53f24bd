// The transport suite of @raftkit/conformance on the memory network.
import { transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createMemoryNetwork } from "../src/index.js";

const limits = { maxFrameBytes: 2 ** 20, maxQueueBytes: 4 * 2 ** 20 };

describeSuite("createMemoryNetwork", transportSuite, {
  name: "createMemoryNetwork",
  capabilities: ["listen", "queue", "cut"],
  create() {
    const network = createMemoryNetwork(limits);
    let places = 0;
    return {
      address: () => `place-${++places}`,
      transport: () => network.transport(),
      links: network,
      maxQueueBytes: limits.maxQueueBytes,
    };
  },
});
