// The handler in real servers, with the real fetch, on the loopback interface.
import { once } from "node:events";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, serve } from "@hono/node-server";
import { Hono } from "hono";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type HttpTransport, createHttpTransport } from "../src/index.js";
import { MAX_PIECE_BYTES } from "../src/pieces.js";
import { type TestNode, digests, localNode, pattern, send, startNode } from "./support.js";

const opened: { readonly server: Server; readonly transport: HttpTransport }[] = [];

afterEach(async () => {
  for (const { server, transport } of opened.splice(0)) {
    await transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function mountInNode(transport: HttpTransport): Server {
  return createServer(getRequestListener(transport.handler)).listen(0, "127.0.0.1");
}

function mountInHono(transport: HttpTransport): Server {
  const app = new Hono();
  app.get("/healthz", (c) => c.text("ok"));
  app.post("/raft", (c) => transport.handler(c.req.raw));
  return serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
}

interface RealNode extends TestNode {
  readonly server: Server;
  /** Connections accepted so far. */
  connections(): number;
}

async function open(id: string, mount: (transport: HttpTransport) => Server): Promise<RealNode> {
  const transport = createHttpTransport({ requestTimeoutMs: 60_000 });
  const server = mount(transport);
  opened.push({ server, transport });
  let connections = 0;
  server.on("connection", () => void (connections += 1));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const node = await startNode(
    localNode(id, { address: `http://127.0.0.1:${port}/raft` }),
    transport,
  );
  return { ...node, server, connections: () => connections };
}

const isSmall = (frame: Uint8Array): boolean => frame.length <= MAX_PIECE_BYTES;
const soon = { timeout: 50_000, interval: 2 };

describe.each([
  ["node:http", mountInNode],
  ["Hono", mountInHono],
] as const)("mounted in %s", (_name, mount) => {
  test("nodes exchange frames of all sizes in order, over connections that are kept", async () => {
    const [a, b] = [await open("n1", mount), await open("n2", mount)];
    a.transport.setPeers([b.peer()], []);
    b.transport.setPeers([a.peer()], []);
    const frames = [0, 1, 100, 300_000, 5, 2_000_000, 0, 262_128].map((length, i) =>
      pattern(length, i),
    );
    for (const frame of frames) {
      a.transport.send("n2", [frame]);
      b.transport.send("n1", [frame]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect([a.received.length, b.received.length]).toEqual([8, 8]), soon);
    // Small ones overtake large ones; each kind keeps its order.
    const [small, large] = [frames.filter(isSmall), frames.filter((frame) => !isSmall(frame))];
    for (const { received } of [a, b]) {
      const came = received.map(({ frame }) => frame);
      expect(digests(came.filter(isSmall))).toEqual(digests(small));
      expect(digests(came.filter((frame) => !isSmall(frame)))).toEqual(digests(large));
    }
    // Node's fetch takes the next connection while it puts the last one back: two in turns, however
    // many requests there are.
    for (const node of [a, b]) expect(node.connections()).toBeLessThanOrEqual(2);
    expect([...a.unreachable, ...b.unreachable, ...a.rejected, ...b.rejected]).toEqual([]);
  });

  test("a peer that goes away is unreachable, and heard again when it is back", async () => {
    const [a, b] = [await open("n1", mount), await open("n2", mount)];
    a.transport.setPeers([b.peer()], []);
    send(a, "n2", "one");
    await vi.waitFor(() => expect(b.texts()).toEqual(["one"]), soon);
    await b.transport.close();
    await vi.waitFor(() => {
      send(a, "n2", "two");
      expect(a.unreachable).toContain("n2");
    }, soon);
    b.server.closeAllConnections();
    b.server.close();
    await once(b.server, "close");
    const again = createHttpTransport();
    const { port } = new URL(b.local.address);
    const server = createServer(getRequestListener(again.handler)).listen(
      Number(port),
      "127.0.0.1",
    );
    opened.push({ server, transport: again });
    await once(server, "listening");
    const next = await startNode({ ...b.local, run: 2 }, again);
    await vi.waitFor(() => {
      send(a, "n2", "three");
      expect(next.texts()).toContain("three");
    }, soon);
    expect(a.rejected).toEqual([]);
  });

  test("requests of strangers are refused with JSON", async () => {
    const b = await open("n2", mount);
    const refused = await fetch(b.local.address, {
      method: "POST",
      body: new Uint8Array(1_000_000),
    });
    expect([refused.status, refused.headers.get("content-type")]).toEqual([
      400,
      "application/json",
    ]);
    expect(await refused.json()).toMatchObject({ error: { code: "BAD_REQUEST" } });
    const hello = `2 green n1 incarnation-of-n1 1 json ${b.local.address} 8388608 n2`;
    const large = await fetch(b.local.address, {
      method: "POST",
      headers: { "raftkit-hello": hello },
      body: new Uint8Array(1_000_000),
    });
    expect(large.status).toBe(413);
    await large.body?.cancel();
    expect(b.received).toEqual([]);
  });
});

test("closing while requests are in flight leaves nothing of them behind", async () => {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const transport = createHttpTransport({ requestTimeoutMs: 600_000 });
  opened.push({ server, transport });
  const node = await startNode(localNode("n1"), transport);
  transport.setPeers([{ id: "n2", address: `http://127.0.0.1:${port}/raft` }], []);
  const arrived = once(server, "request");
  send(node, "n2", "never answered");
  const [incoming] = (await arrived) as [{ socket: NodeJS.Socket }];
  const cut = once(incoming.socket, "close");
  await transport.close();
  await cut;
  expect(node.unreachable).toEqual([]);
});
