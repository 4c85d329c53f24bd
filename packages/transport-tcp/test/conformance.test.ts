import type { SocketLinks, Target, TransportSubject } from "@raftkit/conformance";
import { createSocketLinks, transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createTcpTransport } from "../src/index.js";

const maxFrameBytes = 2 ** 20;
const maxQueueBytes = 2 * maxFrameBytes;

const target: Target<TransportSubject & { readonly links: SocketLinks }> = {
  name: "TCP",
  capabilities: ["listen", "queue", "cut", "stall", "stream", "checksum"],
  create() {
    const links = createSocketLinks();
    return {
      links, maxQueueBytes,
      address: async () => `127.0.0.1:${await links.freePort()}`,
      transport: () => createTcpTransport({ maxFrameBytes, maxQueueBytes, idleTimeoutMs: 400, handshakeTimeoutMs: 1000, reconnectMs: { min: 5, max: 50 } }),
    };
  },
  dispose: ({ links }) => links.close(),
};

describeSuite("TCP", transportSuite, target);
