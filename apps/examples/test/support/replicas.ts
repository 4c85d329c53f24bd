// Three replicas of the service on loopback, each with a log on disk, which can be stopped and
// started again.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Peer } from "raftkit";
import { onTestFinished } from "vitest";
import type { Service } from "../../src/service/service.js";
import { startService } from "../../src/service/service.js";

/**
 * Below where systems take the ports of outgoing connections from: a replica that is started again
 * finds its port free.
 */
const PORTS = { first: 28_000, count: 2_000 } as const;

export interface Replicas {
  readonly ids: readonly string[];
  /** Starts one, whether for the first time or again; it is stopped when the test ends. */
  start(id: string): Promise<Service>;
}

export async function createReplicas(): Promise<Replicas> {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-examples-"));
  const ids = ["n1", "n2", "n3"];
  const ports = await freePorts(ids.length);
  const replicas: Peer[] = ids.map((id, i) => ({ id, address: `127.0.0.1:${ports[i]}` }));
  const started = new Set<Service>();
  onTestFinished(async () => {
    await Promise.all([...started].map((service) => service.stop()));
    rmSync(directory, { recursive: true });
  });
  return {
    ids,
    async start(id) {
      const service = await startService({
        id,
        replicas,
        directory: join(directory, id),
        http: { host: "127.0.0.1", port: 0 },
        logger: false,
      });
      started.add(service);
      return service;
    },
  };
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
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
