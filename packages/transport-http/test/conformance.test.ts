// The transport suite of @raftkit/conformance on HTTP: the transport together with a server that it
// is mounted in.
import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createSocketLinks, transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import type { Transport } from "@raftkit/core";
import { createHttpTransport } from "../src/index.js";

const options = { maxFrameBytes: 2 ** 20, maxQueueBytes: 4 * 2 ** 20, requestTimeoutMs: 400 };

/**
 * It doesn't listen itself, so that a port is taken is for the server to find out; and HTTP has no
 * checksums.
 */
describeSuite("createHttpTransport", transportSuite, {
  name: "createHttpTransport",
  capabilities: ["queue", "cut", "stall", "stream"],
  create() {
    const links = createSocketLinks();
    return {
      address: async () => `http://127.0.0.1:${await links.freePort()}/raft`,
      transport: mount,
      links,
      maxQueueBytes: options.maxQueueBytes,
    };
  },
  dispose: ({ links }) => links?.close?.(),
});

function mount(address: string): Transport {
  const transport = createHttpTransport(options);
  const server = createServer(getRequestListener(transport.handler));
  return {
    ...transport,
    async start(local, handler) {
      await once(server.listen(Number(new URL(address).port), "127.0.0.1"), "listening");
      await transport.start(local, handler);
    },
    async close() {
      await transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
