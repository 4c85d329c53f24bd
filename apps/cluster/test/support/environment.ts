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

const BLOCK = 20;

/**
 * A base such that it and the ports up to `count` (at most 18) above it are free, below the range
 * that outgoing connections use, and above the ports that `fetch` refuses. The block stays this
 * test's own: its last port is held until the test ends, and others look there first.
 */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const base = 12_000 + Math.floor(Math.random() * 500) * BLOCK;
    const release = await hold(base + BLOCK - 1);
    if (release === undefined) continue;
    const free = await Promise.all(Array.from({ length: count + 1 }, (_, i) => isFree(base + i)));
    if (free.every(Boolean)) {
      onTestFinished(release);
      return base;
    }
    await release();
  }
  throw new Error(`no ${count + 1} free ports in a row`);
}

/** @returns lets go of it; undefined if it is taken */
function hold(port: number): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      resolve(() => new Promise((closed) => server.close(() => closed()))),
    );
  });
}

async function isFree(port: number): Promise<boolean> {
  const release = await hold(port);
  await release?.();
  return release !== undefined;
}

/**
 * A finished process whose parent hasn't asked for its status is a zombie: signal 0 calls it alive.
 */
export function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "utf8"));
}
