// One replica of three: `node apps/examples/dist/service/main.js n1`.
import { startService } from "./service.js";

const replicas = [
  { id: "n1", address: "127.0.0.1:7301", port: 8301 },
  { id: "n2", address: "127.0.0.1:7302", port: 8302 },
  { id: "n3", address: "127.0.0.1:7303", port: 8303 },
];
const own = replicas.find(({ id }) => id === process.argv[2]);
if (!own) {
  console.error(`which replica? Give one of ${replicas.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}

const service = await startService({
  id: own.id,
  replicas: replicas.map(({ id, address }) => ({ id, address })),
  directory: `examples-data/${own.id}`,
  http: { host: "127.0.0.1", port: own.port },
  logger: true,
});
const stop = (): void => void service.stop();
process.once("SIGTERM", stop).once("SIGINT", stop);

// A node that can't go on, such as one whose disk failed, ends by itself; so does the process then.
if (await service.node.closed) {
  process.exitCode = 1;
  await service.stop();
}
