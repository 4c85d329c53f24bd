// The transport suite of @raftkit/conformance on TCP.
import { createSocketLinks, transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createTcpTransport } from "../src/index.js";

const options = {
  maxFrameBytes: 2 ** 20,
  maxQueueBytes: 4 * 2 ** 20,
  reconnectMs: { min: 5, max: 50 },
  idleTimeoutMs: 400,
  handshakeTimeoutMs: 400,
};

describeSuite("createTcpTransport", transportSuite, {
  name: "createTcpTransport",
  capabilities: ["listen", "queue", "cut", "stall", "stream", "checksum"],
  create() {
    const links = createSocketLinks();
    return {
      address: async () => `127.0.0.1:${await links.freePort()}`,
      transport: () => createTcpTransport(options),
      links,
      maxQueueBytes: options.maxQueueBytes,
    };
  },
  dispose: ({ links }) => links?.close?.(),
});
