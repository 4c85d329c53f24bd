// Ports for a run: a block that is this run's own, below the range that outgoing connections use. A
// killed node's port must still be free when it comes back, so nobody else may be given it
// meanwhile. And above 10,080, the last port that fetch refuses.
import { createServer } from "node:net";
import { ClusterError } from "../../errors.js";

export interface PortBlock {
  readonly ports: readonly number[];
  /** Lets go of the block. */
  close(): Promise<void>;
}

const FIRST_PORT = 10_100;
const BLOCK = 20;
const BLOCKS = 95;

/**
 * Holds a block's first port as long as the run lasts: other runs look there first. At most 19
 * ports.
 */
export async function takePorts(count: number, random: () => number): Promise<PortBlock> {
  const start = Math.floor(random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const base = FIRST_PORT + ((start + i) % BLOCKS) * BLOCK;
    const close = await hold(base);
    if (close === undefined) continue;
    const ports = Array.from({ length: count }, (_, offset) => base + 1 + offset);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return { ports, close };
    await close();
  }
  throw new ClusterError(
    "NO_PORTS",
    `none of the ${BLOCKS} blocks of ${count + 1} ports from ${FIRST_PORT} is free on 127.0.0.1; end what uses them`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const close = await hold(port);
  await close?.();
  return close !== undefined;
}

function hold(port: number): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      resolve(() => new Promise((closed) => server.close(() => closed()))),
    );
  });
}
