// The transport of the guide, through the suite for transports.
import { createSocketLinks, transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createUnixTransport } from "../src/unix-transport/unix-transport.ts";

const options = { maxFrameBytes: 2 ** 20, maxQueueBytes: 2 ** 22, silentMs: 1000, retryMs: 50 };

describeSuite("createUnixTransport", transportSuite, {
  name: "createUnixTransport",
  capabilities: ["listen", "queue", "cut", "stall", "stream"],
  create() {
    const links = createSocketLinks();
    return {
      address: () => links.freePath(),
      transport: () => createUnixTransport(options),
      links,
      maxQueueBytes: options.maxQueueBytes,
    };
  },
  dispose: ({ links }) => links?.close?.(),
});
