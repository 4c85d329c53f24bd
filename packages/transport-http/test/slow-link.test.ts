// Heartbeats while data crosses a slow link: two real servers with the real fetch, and between them
// a proxy that lets a few bytes pass at a time. What is asserted is the order in which frames
// arrive and how many bytes they waited for, never a time.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { expect, onTestFinished, test, vi } from "vitest";
import { type HttpTransport, createHttpTransport } from "../src/index.js";
import { bytes, digests, localNode, pattern } from "./support.js";

const SLICE_BYTES = 8 * 1024;
const SLICE_INTERVAL_MS = 2; // 4 MB/s
/** With what HTTP and the transport add to it. */
const MAX_PIECE_BYTES = 64 * 1024 + 1024;

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** @param passed told of every slice how many bytes have left the link by now */
async function openSlowLink(targetPort: number, passed: (bytes: number) => void): Promise<number> {
  let passedBytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => [near, far].map((s) => s.destroy()));
    }
    far.pipe(near);
    const timer = setInterval(() => {
      const slice: unknown = near.read(Math.min(SLICE_BYTES, near.readableLength));
      if (!(slice instanceof Uint8Array)) return;
      far.write(slice);
      passedBytes += slice.length;
      passed(passedBytes);
    }, SLICE_INTERVAL_MS);
    near.on("readable", () => undefined).on("close", () => clearInterval(timer));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listen(server);
}

/** A transport and the port of the server that it is mounted in. */
async function mount(): Promise<{ readonly transport: HttpTransport; readonly port: number }> {
  const transport = createHttpTransport({ requestTimeoutMs: 60_000 });
  const server = createHttpServer(getRequestListener(transport.handler));
  const port = await listen(server);
  onTestFinished(async () => {
    await transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { transport, port };
}

test("heartbeats that are sent after a large frame arrive before it, and wait for two pieces of it at most", async () => {
  const [a, b] = [await mount(), await mount()];
  const large = pattern(1_500_000);
  const sentAt: number[] = [];
  const came: { readonly frame: Uint8Array; readonly at: number }[] = [];
  const troubles: unknown[] = [];
  let now = 0;
  const linkPort = await openSlowLink(b.port, (passedBytes) => {
    now = passedBytes;
    // In the middle of a piece, mostly.
    if (sentAt.length >= 10 || passedBytes < (sentAt.length + 1) * 100_000) return;
    sentAt.push(passedBytes);
    a.transport.send("n2", [bytes(`heartbeat ${sentAt.length}`)]);
  });
  for (const [id, { transport, port }] of Object.entries({ n1: a, n2: b })) {
    await transport.start(localNode(id, { address: `http://127.0.0.1:${port}/raft` }), {
      receive: (_from, frame) => void came.push({ frame, at: now }),
      met: () => undefined,
      unreachable: (to) => void troubles.push(to),
      rejected: (error) => void troubles.push(error),
    });
  }
  a.transport.setPeers([{ id: "n2", address: `http://127.0.0.1:${linkPort}/raft` }], []);
  a.transport.send("n2", [large]);

  await vi.waitFor(() => expect(came.length).toBe(11), { timeout: 50_000, interval: 5 });
  const heartbeats = came.slice(0, 10).map(({ frame }) => new TextDecoder().decode(frame));
  expect(heartbeats).toEqual(sentAt.map((_, i) => `heartbeat ${i + 1}`));
  expect(digests(came.slice(10).map(({ frame }) => frame))).toEqual(digests([large]));
  for (const [i, at] of sentAt.entries()) {
    expect((came[i]?.at ?? Infinity) - at).toBeLessThan(2 * MAX_PIECE_BYTES);
  }
  expect(troubles).toEqual([]);
});
