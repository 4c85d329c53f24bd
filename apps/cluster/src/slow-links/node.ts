// One node of a trial: TCP, msgpack, file storage and every default, but it dials the others at
// their proxies. Ends with the process that started it.
import { connect, createServer } from "node:net";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { createFileLog } from "@raftkit/storage-file";
import { createTcpTransport } from "@raftkit/transport-tcp";
import { createNode } from "raftkit";
import type { Answer, Question } from "./protocol.js";

const [id = "", directory = "", peers = "", via = ""] = process.argv.slice(2);
const bootstrap = peers.split(",").map((peer) => {
  const [peerId = "", address = ""] = peer.split("=");
  return { id: peerId, address };
});
/** By the port at which a peer listens, that of its proxy. */
const proxies = new Map(
  via.split(",").map((pair) => pair.split(":").map(Number) as [number, number]),
);

process.on("disconnect", () => process.exit(0));
const node = await createNode<Uint8Array, number, null, null>({
  id,
  cluster: { id: "trial", bootstrap },
  transport: createTcpTransport({
    sockets: {
      createServer,
      connect: (options) =>
        connect({ ...options, port: proxies.get(options.port) ?? options.port }),
    },
  }),
  storage: { log: createFileLog({ directory }) },
  codec: createMsgpackCodec(),
  stateMachine: {
    apply: (command) => command.length,
    query: () => null,
  },
});

process.on("message", (question: Question) => {
  void ask(question).then((outcome) => {
    const { role, term } = node.status();
    const answer: Answer = { number: question.number, role, term, outcome };
    process.send?.(answer);
  });
});

async function ask(question: Question): Promise<string> {
  if (question.type === "status") return "done";
  try {
    await node.propose(new Uint8Array(question.bytes), { timeoutMs: question.timeoutMs });
    return "done";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
