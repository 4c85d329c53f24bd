// A transport for the nodes of one machine: each frame is an HTTP request to the other's Unix socket.
import { once } from "node:events";
import { lstatSync, rmSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { connect } from "node:net";
import { arrayBuffer } from "node:stream/consumers";
import { RaftkitError } from "@raftkit/core";
import type { NodeId, Sender, Transport, TransportHandler } from "@raftkit/core";

/** What a node says of itself with every request and answer: cluster and codec, and who it is. */
const NODE = /^(\S{3,200}) ([\w-]{1,64}) ([\w-]{16,64}) ([1-9]\d{0,14}) (\/\S{1,200})$/;
type Node = Sender & { readonly group: string; readonly address: string };

export function createUnixTransport({
  maxFrameBytes = 8 * 2 ** 20,
  maxQueueBytes = 32 * 2 ** 20,
  silentMs = 2000,
  retryMs = 200,
} = {}): Transport {
  const agent = new Agent({ keepAlive: true });
  const [lanes, callers] = [new Map<string, Uint8Array[]>(), new Map<NodeId, string>()];
  let [peers, seeds] = [new Map<NodeId, string>(), new Map<string, Node | undefined>()];
  const [cutOff, asked] = [new Map<string, number>(), new Set<string>()];
  let introduction = "";
  let [self, on]: [Node?, TransportHandler?] = [];
  let timer: NodeJS.Timeout | undefined;

  const server = createServer(async (incoming, answer) => {
    answer.setHeader("raftkit-node", introduction);
    answer.writeHead(await take(incoming).catch(() => 400)).end();
  });

  /** A request that came: its frame, if it has one, is delivered. @returns the status */
  async function take(incoming: IncomingMessage): Promise<number> {
    const [from, to] = [read(incoming.headers), incoming.headers["raftkit-to"]];
    if (!from || isRefused(from, to === "" || to === self?.id)) return 403;
    if ((cutOff.get(keyOf(from)) ?? 0) > Date.now()) return 503;
    if (!(Number(incoming.headers["content-length"]) <= maxFrameBytes)) return 413;
    const frame = new Uint8Array(await arrayBuffer(incoming));
    callers.set(from.id, from.address);
    if (frame.length > 0) on?.receive(from, frame);
    return 204;
  }

  /** @returns who took the frame; rejects if nobody did */
  async function post(path: string, to: NodeId, frame: Uint8Array): Promise<Node> {
    if (!path.startsWith("/")) throw new Error(`${path} is no path`);
    const headers = { "raftkit-node": introduction, "raftkit-to": to };
    const timeout = silentMs + frame.length / 100; // a slow line may take 10 s for a megabyte
    const options = { agent, headers, method: "POST", socketPath: path, timeout };
    const outgoing = request(options).on("error", () => undefined);
    outgoing.on("timeout", () => outgoing.destroy()).end(frame);
    const [answer]: IncomingMessage[] = await once(outgoing, "response");
    const node = read(answer?.resume().headers ?? {});
    const isRight = node && !isRefused(node, to === "" || to === node.id);
    if (isRight && answer?.statusCode === 204) return node;
    throw new Error(`${path} answered ${answer?.statusCode}`);
  }

  /** Whether two nodes don't belong together. A seed may lead a node to itself: not worth a word. */
  function isRefused(node: Node, isExpected: boolean): boolean {
    if (!self || keyOf(node) === keyOf(self)) return true;
    if (node.group === self.group && node.id !== self.id && isExpected) return false;
    const text = `${node.id} (${node.group}, at ${node.address}) and ${self.id} (${self.group})`;
    on?.rejected(new RaftkitError("TURNED_AWAY", `${text} don't belong together; check both`));
    return true;
  }

  /** The frames of a lane travel one by one. What waits behind a lost one is lost, too. */
  async function drain(lane: Uint8Array[], to: NodeId): Promise<void> {
    for (let frame = lane[0]; frame; frame = lane[0]) {
      const isTaken = await post(addressOf(to) ?? "", to, frame).catch(() => lost(to));
      lane.splice(0, isTaken ? 1 : lane.length);
    }
  }

  function lost(to: NodeId): false {
    queueMicrotask(() => on?.unreachable(to));
    return false;
  }

  function addressOf(to: NodeId): string | undefined {
    const seed = [...seeds].find(([, node]) => node?.id === to);
    return peers.get(to) ?? seed?.[0] ?? callers.get(to);
  }

  /** Whoever answers at a seed after nobody did, or after somebody else, is met. */
  async function ask(seed: string): Promise<void> {
    asked.add(seed);
    const node = await post(seed, "", new Uint8Array(0)).catch(() => undefined);
    asked.delete(seed);
    const before = seeds.get(seed);
    if (!seeds.has(seed)) return;
    seeds.set(seed, node);
    if (node && !(before && keyOf(before) === keyOf(node))) on?.met(node);
  }

  async function listen(path: string): Promise<void> {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
      const probe = connect({ path });
      const isUsed = await once(probe, "connect").then(
        () => true,
        () => false,
      );
      probe.destroy();
      if (isUsed) throw new RaftkitError("ADDRESS_IN_USE", `somebody listens at ${path} already`);
      rmSync(path, { force: true }); // left behind by a process that was killed
    }
    await once(server.listen(path), "listening");
  }

  return {
    maxFrameBytes,
    async start({ clusterId, codec, id, incarnation, run, address }, handler) {
      self = { group: `${clusterId}/${codec}`, id, incarnation, run, address };
      introduction = `${self.group} ${keyOf(self)} ${address}`;
      on = handler;
      await listen(address);
      timer = setInterval(() => {
        for (const seed of seeds.keys()) if (!asked.has(seed)) void ask(seed);
      }, retryMs);
    },
    setPeers(nodes, addresses) {
      peers = new Map(nodes.map(({ id, address }) => [id, address]));
      seeds = new Map(addresses.map((address) => [address, seeds.get(address)]));
    },
    send(to, parts) {
      const frame = Buffer.concat(parts);
      if (!on || frame.length > maxFrameBytes || addressOf(to) === undefined) return false;
      const name = `${to} ${frame.length > 65_536}`; // large frames have a lane of their own
      const lane = lanes.get(name) ?? [];
      lanes.set(name, lane);
      const waiting = lane.reduce((bytes, { length }) => bytes + length, 0);
      if (waiting + frame.length > maxQueueBytes) return lost(to);
      if (lane.push(frame) === 1) void drain(lane, to);
      return true;
    },
    disconnect: (from) => void cutOff.set(keyOf(from), Date.now() + retryMs),
    async close() {
      on = undefined;
      clearInterval(timer);
      agent.destroy();
      const closed = server.listening && once(server.close(), "close");
      server.closeAllConnections();
      await closed;
    },
  };
}

const keyOf = ({ id, incarnation, run }: Sender): string => `${id} ${incarnation} ${run}`;

function read(headers: IncomingHttpHeaders): Node | undefined {
  const fields = NODE.exec(String(headers["raftkit-node"]));
  const [, group = "", id = "", incarnation = "", run = "", address = ""] = fields ?? [];
  return fields ? { group, id, incarnation, run: Number(run), address } : undefined;
}
