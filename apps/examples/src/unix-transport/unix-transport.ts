// A transport for the nodes of one machine: each frame is an HTTP request to a Unix socket.
import { once } from "node:events";
import { lstatSync, rmSync } from "node:fs";
import { Agent, type IncomingMessage, createServer, request } from "node:http";
import { connect } from "node:net";
import { arrayBuffer } from "node:stream/consumers";
import { Contacts, RaftkitError, readHello } from "@raftkit/core";
import type { Hello, NodeId, Transport } from "@raftkit/core";

export function createUnixTransport({
  maxFrameBytes = 8 * 2 ** 20,
  maxQueueBytes = 32 * 2 ** 20,
  silentMs = 2000,
  retryMs = 200,
} = {}): Transport {
  const agent = new Agent({ keepAlive: true });
  const lanes = new Map<string, Uint8Array[]>();
  let contacts: Contacts | undefined;
  let timer: NodeJS.Timeout | undefined;

  const server = createServer(async (incoming, answer) => {
    answer.setHeader("hello", JSON.stringify(contacts?.hello(null)));
    answer.writeHead(await take(incoming).catch(() => 400)).end();
  });

  async function take(incoming: IncomingMessage): Promise<number> {
    const from = readHello(JSON.parse(String(incoming.headers["hello"])));
    if (!contacts?.admit(from, null)) return 403;
    if (!(Number(incoming.headers["content-length"]) <= maxFrameBytes)) return 413;
    const frame = new Uint8Array(await arrayBuffer(incoming));
    contacts.heard(from, frame.length > 0 ? frame : undefined);
    return 204;
  }

  /** @returns who took the frame; rejects if nobody did. An empty frame asks who is there. */
  async function post(path: string, to: NodeId | null, frame: Uint8Array): Promise<Hello> {
    const headers = { hello: JSON.stringify(contacts?.hello(to)) };
    const signal = AbortSignal.timeout(silentMs + Math.ceil(frame.length / 100)); // 10 s a MB
    const outgoing = request({ agent, headers, method: "POST", signal, socketPath: path });
    outgoing.on("error", () => undefined).end(frame);
    const answer: IncomingMessage = (await once(outgoing, "response"))[0];
    const node = readHello(JSON.parse(String(answer.resume().headers["hello"])));
    if (contacts?.admit(node, to) && answer.statusCode === 204) return node;
    throw new Error(`${path} answered ${answer.statusCode}`);
  }

  /** The frames of a lane travel one by one. What waits behind a lost one is lost, too. */
  async function drain(lane: Uint8Array[], to: NodeId): Promise<void> {
    for (let frame = lane[0]; frame; frame = lane[0]) {
      const path = contacts?.addressOf(to);
      const isTaken = path && (await post(path, to, frame).catch(() => contacts?.lost(to)));
      lane.splice(0, isTaken ? 1 : lane.length);
    }
  }

  async function ask(seed: string): Promise<void> {
    contacts?.answered(seed, await post(seed, null, Buffer.alloc(0)).catch(() => undefined));
  }

  /** Takes over the path that a process left behind when it was killed. */
  async function listen(path: string): Promise<void> {
    const probe = connect({ path });
    const isUsed = await once(probe, "connect").catch(() => undefined);
    probe.destroy();
    if (!isUsed && lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
    await once(server.listen(path), "listening").catch((cause: NodeJS.ErrnoException) => {
      const code = cause.code === "EADDRINUSE" ? "ADDRESS_IN_USE" : "LISTEN_FAILED";
      throw new RaftkitError(code, `can't listen at ${path}: ${cause.message}`, { cause });
    });
  }

  return {
    maxFrameBytes,
    async start(local, handler) {
      contacts = new Contacts(local, maxFrameBytes, handler, Date.now);
      await listen(local.address);
      timer = setInterval(() => contacts?.seeds.forEach(ask), retryMs);
    },
    setPeers: (peers, seeds) => contacts?.list(peers, seeds.filter(Boolean)),
    send(to, parts) {
      const frame = Buffer.concat(parts);
      if (contacts?.addressOf(to) === undefined || frame.length > maxFrameBytes) return false;
      const name = `${to} ${frame.length > 65_536}`; // large frames have a lane of their own
      const lane = lanes.get(name) ?? [];
      lanes.set(name, lane);
      const waiting = lane.reduce((bytes, { length }) => bytes + length, 0);
      if (waiting + frame.length > maxQueueBytes) return contacts.lost(to);
      if (lane.push(frame) === 1) void drain(lane, to);
      return true;
    },
    disconnect: (from) => contacts?.cutOff(from, retryMs),
    async close() {
      contacts?.close();
      clearInterval(timer);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
