// One server process of the benchmarks: a whole node (TCP, msgpack, file storage, kv) behind the
// cheap edge of load/protocol.ts. Whoever started it talks to it over IPC and takes it down with
// itself.
import { createServer } from "node:net";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { RaftkitError } from "@raftkit/core";
import type { KvCommand } from "@raftkit/kv";
import { createKv, putCommand } from "@raftkit/kv";
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import { createTcpTransport } from "@raftkit/transport-tcp";
import { createNode } from "raftkit";
import { createReplies, onRequests, STATUS_FAILED, STATUS_OK } from "../load/protocol.js";
import { Blocks, watchEventLoop } from "./blocks.js";
import type { BenchReport, ServerMessage, ServerQuestion, ServerSettings } from "./ipc.js";
import { Taking } from "./taking.js";

const settings = JSON.parse(process.argv[2] ?? "") as ServerSettings;
const { id, directory, port, peers, maxLogBytes, timeouts } = settings;

const say = (message: ServerMessage): void => void process.send?.(message);

const blocks = new Blocks(performance.now());
if (settings.watchesBlocks) watchEventLoop(blocks);
const taking = new Taking((isTaking) => {
  blocks.taking(isTaking);
  say({ type: "taking", taking: isTaking });
});

const node = await createNode({
  id,
  cluster: { id: "bench", bootstrap: peers, alone: peers.length === 1 },
  transport: createTcpTransport(),
  storage: {
    log: createFileLog({ directory }),
    ...(maxLogBytes !== undefined && { snapshots: createFileSnapshots({ directory }) }),
  },
  ...(maxLogBytes !== undefined && { maxLogBytes }),
  ...(timeouts && {
    heartbeatIntervalMs: timeouts.heartbeatMs,
    electionTimeoutMs: { min: timeouts.electionMs, max: 2 * timeouts.electionMs },
  }),
  codec: createMsgpackCodec(),
  stateMachine: taking.watched(createKv()),
  logger: {
    debug() {},
    info() {},
    warn: (_, message) => console.error(`${id}: ${message}`),
    error: (_, message) => console.error(`${id}: ${message}`),
  },
});
const openedMs = performance.now();
node.on("snapshot", ({ origin }) => taking.saved(origin));

const failures: Record<string, number> = {};
const count = (error: unknown): void => {
  const code = error instanceof RaftkitError ? error.code : String(error);
  failures[code] = (failures[code] ?? 0) + 1;
};

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  const reply = createReplies(socket);
  let requests: number[] = [];
  let commands: KvCommand[] = [];
  const proposeAll = (): void => {
    const asked = requests;
    const proposed = commands;
    requests = [];
    commands = [];
    void node.proposeAll(proposed).then((outcomes) => {
      asked.forEach((request, i) => {
        const outcome = outcomes[i];
        const failed = outcome instanceof RaftkitError;
        if (failed) count(outcome);
        reply(request, failed ? STATUS_FAILED : STATUS_OK);
      });
    });
  };
  onRequests(socket, (request, key, value) => {
    if (value.length > 0) {
      // The writes that came in one chunk are one call. The codec copies the value before the
      // socket's buffer changes.
      if (requests.length === 0) queueMicrotask(proposeAll);
      requests.push(request);
      commands.push(putCommand(`key-${key}`, value));
      return;
    }
    node.read({ type: "get", key: `key-${key}` }).then(
      ({ entry }) => reply(request, entry ? STATUS_OK : STATUS_FAILED),
      (error: unknown) => {
        count(error);
        reply(request, STATUS_FAILED);
      },
    );
  });
});
server.listen(port, "127.0.0.1", () => say({ type: "listening", openedMs }));

function report(keys: number | null): BenchReport {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const status = node.status();
  return {
    id,
    role: status.role,
    term: status.term,
    lastIndex: status.lastIndex,
    commitIndex: status.commitIndex,
    lastApplied: status.lastApplied,
    persists: status.counters.persists,
    messagesSent: status.counters.messagesSent,
    cpuUs: user + system,
    memory: { rss, heapUsed, external, arrayBuffers },
    logBytes: status.logBytes,
    baseIndex: status.baseIndex,
    snapshotIndex: status.snapshot?.index ?? 0,
    snapshotBytes: status.snapshot?.bytes ?? 0,
    sending: status.peers.some(({ install }) => install !== null),
    snapshots: taking.report(),
    blocks: blocks.report(),
    failures,
    keys,
  };
}

async function answer(asked: ServerQuestion): Promise<void> {
  if (asked.type === "close") {
    await node.close();
    process.exit(0);
  }
  if (asked.what === "snapshot") await node.snapshot();
  const keys = asked.what === "keys" ? (await node.read({ type: "size" })).keys : null;
  say({ type: "report", question: asked.question, report: report(keys) });
}

process.on("message", (asked: ServerQuestion) => void answer(asked));
process.on("disconnect", () => process.exit(0));
