// Gives the HTTP transport a port: the transport's Web-standard handler, mounted in node:http at
// the path of the node's own address. Everything else on that port is 404.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { RaftkitError } from "@raftkit/core";
import type { Transport } from "@raftkit/core";
import { createHttpTransport } from "@raftkit/transport-http";
import { watchConnections } from "./http/connections.js";

const MAX_HEADER_BYTES = 8 * 1024;
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 65_000;
const PATH = "/raft";

/** The peer port can't be had. */
class PeerListenFailed extends RaftkitError {
  constructor(message: string, options: { cause: unknown }) {
    super("PEER_LISTEN_FAILED", message, options);
  }
}

/** What a node at `host:port` is called in the HTTP transport's notation. */
export function peerUrl(hostPort: string): string {
  return `http://${hostPort}${PATH}`;
}

/**
 * An HTTP transport that listens by itself: its node's address is a `peerUrl`.
 * @param maxConnections open at once; a further one takes the place of the one that has been silent
 * for longest, of those from which no frames were taken if there are any
 */
export function createListeningHttpTransport(maxConnections: number): Transport {
  const transport = createHttpTransport();
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const connection = connections.of(request.socket);
      if (connection !== undefined) {
        const open = { isComing: false, connectionClosed: () => undefined };
        connection.begin(open);
        response.once("close", () => connection.end(open));
      }
      response.once("finish", () => {
        // Frames were taken: it introduced itself as a node of this cluster.
        if (connection !== undefined && response.statusCode === 204) connection.isKnown = true;
      });
      serve(transport.handler, request, response).catch(() => response.destroy());
    },
  );
  const limits = { maxConnections, maxConcurrentRequests: 1, maxWaitingRequests: 1 };
  const connections = watchConnections(server, limits, () => {});
  return {
    maxFrameBytes: transport.maxFrameBytes,
    async start(local, handler) {
      await listen(server, new URL(local.address));
      await transport.start(local, handler);
    },
    setPeers: (peers, seeds) => transport.setPeers(peers, seeds),
    send: (to, parts) => transport.send(to, parts),
    disconnect: (from, reason) => transport.disconnect(from, reason),
    async close() {
      await transport.close();
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (incoming.url !== PATH) {
    outgoing.writeHead(404, { connection: "close" }).end();
    return;
  }
  const method = incoming.method ?? "";
  const headers = Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : [],
  );
  const body = method === "GET" || method === "HEAD" ? null : toStream(incoming);
  const answer = await handler(
    new Request(peerUrl("localhost"), { method, headers, body, duplex: "half" } as RequestInit),
  );
  const bytes =
    answer.body === null ? new Uint8Array(0) : new Uint8Array(await answer.arrayBuffer());
  // A body that was refused unread would have to be got past: better to start anew.
  const ending = incoming.complete ? {} : { connection: "close" };
  outgoing
    .writeHead(answer.status, {
      ...Object.fromEntries(answer.headers),
      ...(answer.status === 204 ? {} : { "content-length": bytes.length }),
      ...ending,
    })
    .end(bytes);
}

/** `Readable.toWeb` does the same at three times the cost, which every heartbeat would pay. */
function toStream(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let ended = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on("data", (chunk: Buffer) => {
        if (ended) return;
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.once("end", () => {
        if (!ended) controller.close();
        ended = true;
      });
      for (const event of ["error", "close"] as const) {
        incoming.once(event, () => {
          if (!ended) controller.error(new Error("the connection broke off"));
          ended = true;
        });
      }
    },
    pull: () => void incoming.resume(),
    // Thrown away unread: the answer, which is still to come, ends the connection.
    cancel() {
      ended = true;
      incoming.resume();
    },
  });
}

function listen(server: Server, { hostname, port }: URL): Promise<void> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "EADDRINUSE"
          ? "is in use by another process"
          : `can't be bound (${cause.message})`;
      reject(
        new PeerListenFailed(
          `peer address ${hostname}:${port} ${why}; choose another in --peers, on every node`,
          { cause },
        ),
      );
    });
    server.listen({ host, port: Number(port === "" ? 80 : port), exclusive: true }, resolve);
  });
}
