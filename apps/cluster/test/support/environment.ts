// Ports, directories and processes for tests. Whatever a test starts is ended with it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const fakeServer = fileURLToPath(new URL("fake-server.mjs", import.meta.url));
export const mainScript = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-cluster-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** A base such that it and the ports up to `count` above it were free just now. Below the range that outgoing connections use. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const base = 12_000 + Math.floor(Math.random() * 1900) * 10;
    const free = await Promise.all(Array.from({ length: count + 1 }, (_, i) => isFree(base + i)));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no ${count + 1} free ports in a row`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A finished process whose parent hasn't asked for its status is a zombie: signal 0 calls it alive. */
export function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "utf8"));
}
