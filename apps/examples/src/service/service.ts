// One replica: a node, and the HTTP API in front of it. They start and end together.
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { createFileLog } from "@raftkit/storage-file";
import { createTcpTransport } from "@raftkit/transport-tcp";
import Fastify from "fastify";
import type { Peer } from "raftkit";
import { createNode } from "raftkit";
import type { InventoryNode } from "./inventory.js";
import { createInventory } from "./inventory.js";
import { addRoutes } from "./routes.js";

export interface ServiceOptions {
  readonly id: string;
  /** All three, the same list everywhere; the addresses are those between the nodes. */
  readonly replicas: readonly Peer[];
  /** Where this replica keeps its log. */
  readonly directory: string;
  /** Where to listen for HTTP; port 0 is any free one. */
  readonly http: { readonly host: string; readonly port: number };
  /** Whether to write a log to stdout. */
  readonly logger: boolean;
}

export interface Service {
  readonly url: string;
  readonly node: InventoryNode;
  /** Takes no more requests, answers those under way, then ends the node. */
  stop(): Promise<void>;
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const app = Fastify({ logger: options.logger });
  const node = await createNode({
    id: options.id,
    cluster: { id: "inventory", bootstrap: options.replicas },
    transport: createTcpTransport(),
    storage: { log: createFileLog({ directory: options.directory }) },
    codec: createMsgpackCodec(),
    stateMachine: createInventory(),
    logger: app.log,
  });
  // A connection that is kept alive after its last answer would hold up the end for its idle time.
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onSend", async (_, reply) => {
    if (closing) reply.header("connection", "close");
  });
  // Fastify calls it when the last request is answered.
  app.addHook("onClose", () => node.close());
  addRoutes(app, node);
  try {
    return { url: await app.listen(options.http), node, stop: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}
