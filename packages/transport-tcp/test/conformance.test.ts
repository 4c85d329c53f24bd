// The transport suite of @raftkit/conformance on TCP.
import { createSocketLinks, transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { FrameKind, MAGIC } from "../src/frame.js";
import { createTcpTransport } from "../src/index.js";
import { frame } from "./help.js";

const options = {
  maxFrameBytes: 2 ** 20,
  maxQueueBytes: 4 * 2 ** 20,
  reconnectMs: { min: 5, max: 50 },
  idleTimeoutMs: 400,
  handshakeTimeoutMs: 400,
};

describeSuite("createTcpTransport", transportSuite, {
  name: "createTcpTransport",
  capabilities: ["listen", "queue", "cut", "stall", "stream", "checksum", "introduction"],
  create() {
    const links = createSocketLinks();
    return {
      address: async () => `127.0.0.1:${await links.freePort()}`,
      transport: () => createTcpTransport(options),
      links,
      maxQueueBytes: options.maxQueueBytes,
      introduction: (words) => Buffer.concat([MAGIC, frame(FrameKind.hello, words)]),
    };
  },
  dispose: ({ links }) => links?.close?.(),
});
