// One server process of the benchmark: a whole node (TCP, msgpack, file storage, kv) behind the
// cheap edge of protocol.ts. Started by main.ts, which talks to it over IPC and takes it down with
// itself.
import { createServer } from "node:net";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { createKv, putCommand } from "@raftkit/kv";
import { createFileLog } from "@raftkit/storage-file";
import { createTcpTransport } from "@raftkit/transport-tcp";
import { createNode } from "raftkit";
import type { BenchQuestion, BenchReport } from "./ipc.js";
import { createSender, onRecords, STATUS_FAILED, STATUS_OK } from "./protocol.js";

const [id = "", directory = "", port = "", peers = ""] = process.argv.slice(2);
const bootstrap = peers.split(",").map((peer) => {
  const [peerId = "", address = ""] = peer.split("=");
  return { id: peerId, address };
});

const node = await createNode({
  id,
  cluster: { id: "bench", bootstrap },
  transport: createTcpTransport(),
  storage: { log: createFileLog({ directory }) },
  codec: createMsgpackCodec(),
  stateMachine: createKv(),
  logger: {
    debug() {},
    info() {},
    warn: (_, message) => console.error(`${id}: ${message}`),
    error: (_, message) => console.error(`${id}: ${message}`),
  },
});

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  const reply = createSender(socket);
  onRecords(socket, true, (request, _, value) => {
    // Keys come round again, as in a store of 10,000 keys; the value is the socket's buffer, which
    // the codec copies.
    node.propose(putCommand(`key-${request % 10_000}`, value)).then(
      () => reply(request, STATUS_OK),
      () => reply(request, STATUS_FAILED),
    );
  });
});
server.listen(Number(port), "127.0.0.1");

process.on("message", (question: BenchQuestion) => {
  const { user, system } = process.cpuUsage();
  const { role, commitIndex, counters } = node.status();
  const report: BenchReport = {
    question,
    role,
    commitIndex,
    persists: counters.persists,
    messagesSent: counters.messagesSent,
    cpuUs: user + system,
    rssBytes: process.memoryUsage.rss(),
  };
  process.send?.(report);
});
process.on("disconnect", () => process.exit(0));
