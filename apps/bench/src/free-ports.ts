// Ports for servers that are about to be started.
import { createServer } from "node:net";

/**
 * Below where systems take the ports of outgoing connections from: until a server listens, any
 * other program's connection might get one of those. Above those that `fetch` refuses.
 */
const PORTS = { first: 30_000, count: 2_000 } as const;

/** Ports on loopback that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
