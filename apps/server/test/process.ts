// Server processes for tests: started, watched, and killed when the test ends, however it ends.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The ready line; rejects when the process ends before it. */
  readonly ready: Promise<{ readonly http: string; readonly peer: string }>;
  /** Resolves once the log holds this text. */
  logged(text: string): Promise<void>;
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-server-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Below where systems take the ports of outgoing connections from: who is started again finds its
 * port free. Above those that `fetch` refuses, of which 10,080 is the last.
 */
const PORTS = { first: 22_000, blocks: 375, block: 16 } as const;

/**
 * Up to 15 free ports. They stay this test's own, also while nothing listens there: the last port of
 * their block is held until the test ends, and others look there first.
 */
export async function freePorts(count: number): Promise<number[]> {
  for (;;) {
    const base = PORTS.first + PORTS.block * Math.floor(Math.random() * PORTS.blocks);
    const release = await hold(base + PORTS.block - 1);
    if (release === undefined) continue;
    const ports = Array.from({ length: count }, (_, i) => base + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) {
      onTestFinished(release);
      return ports;
    }
    await release();
  }
}

async function isFree(port: number): Promise<boolean> {
  const release = await hold(port);
  await release?.();
  return release !== undefined;
}

/** @returns lets go of it; undefined: it is taken */
function hold(port: number): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      resolve(() => new Promise((closed) => void server.close(() => closed()))),
    );
  });
}

/** @param maxDescriptors how many files and connections the process may have open */
export function startProcess(
  args: readonly string[],
  environment: Record<string, string> = {},
  maxDescriptors?: number,
): Started {
  const program = [process.execPath, main, ...args] as const;
  const [command, ...rest] =
    maxDescriptors === undefined
      ? program
      : (["sh", "-c", `ulimit -n ${maxDescriptors}; exec "$@"`, "sh", ...program] as const);
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...environment },
    cwd: tmpdir(),
  });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  const logged = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = stdout
          .split("\n")
          .slice(0, -1)
          .find((one) => one.includes(text));
        if (line === undefined) return;
        watchers.delete(look);
        resolve(line);
      };
      watchers.add(look);
      look();
      void ended.then(({ code, signal }) =>
        reject(new Error(`ended with ${code ?? signal} without logging ${text}: ${stderr}`)),
      );
    });
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const look of watchers) look();
  });
  child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString()));
  const ended = new Promise<Ended>(
    (resolve) =>
      void child.once("close", (code, signal) => {
        resolve({ code, signal, stdout, stderr });
      }),
  );
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const ready = logged('"msg":"ready"').then(
    (line) => JSON.parse(line) as { http: string; peer: string },
  );
  ready.catch(() => undefined);
  return { child, ended, ready, logged: (text) => logged(text).then(() => undefined) };
}

/**
 * A client that announces a body and never sends it. Resolves once the server has begun with it.
 */
export function startStuckClient(http: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const [host = "", port] = http.split(":");
    const socket = connect({ host, port: Number(port) }, () => {
      socket.write(
        "PUT /v1/kv/stuck HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
      );
    });
    socket.once("data", () => resolve());
    socket.once("error", reject);
    onTestFinished(() => void socket.destroy());
  });
}
