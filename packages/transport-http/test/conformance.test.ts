import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { SocketLinks, Target, TransportSubject } from "@raftkit/conformance";
import { createSocketLinks, transportSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import type { Transport } from "@raftkit/core";
import { createHttpTransport } from "../src/index.js";

const maxFrameBytes = 2 ** 20;
const maxQueueBytes = 2 * maxFrameBytes;

/** On node:http, which listens first and is closed last. */
async function open(address: string): Promise<Transport> {
  const transport = createHttpTransport({ maxFrameBytes, maxQueueBytes, requestTimeoutMs: 400 });
  const server = createServer(getRequestListener(transport.handler, { overrideGlobalObjects: false })).listen(Number(new URL(address).port), "127.0.0.1");
  await once(server, "listening");
  return {
    maxFrameBytes,
    start: (local, handler) => transport.start(local, handler),
    setPeers: (peers) => transport.setPeers(peers),
    send: (to, parts) => transport.send(to, parts),
    disconnect: (from) => transport.disconnect(from),
    async close() {
      server.close();
      server.closeAllConnections();
      await transport.close();
    },
  };
}

const target: Target<TransportSubject & { readonly links: SocketLinks }> = {
  name: "HTTP",
  capabilities: ["queue", "cut", "stall", "stream"],
  create() {
    const links = createSocketLinks();
    return { links, maxQueueBytes, address: async () => `http://127.0.0.1:${await links.freePort()}/raft`, transport: open };
  },
  dispose: ({ links }) => links.close(),
};

describeSuite("HTTP", transportSuite, target);
