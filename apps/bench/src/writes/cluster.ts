// Three fresh server processes for one run of the benchmark, on free loopback ports.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BenchReport } from "./ipc.js";

export interface BenchCluster {
  /** Reports of all servers at about the same moment. */
  reports(): Promise<readonly BenchReport[]>;
  readonly leaderPort: number;
  close(): Promise<void>;
}

const LEADER_WAIT_MS = 10_000;

/** Starts three servers with their data in a new folder under `parent`, and waits for a leader. */
export async function startBenchCluster(parent: string): Promise<BenchCluster> {
  const directory = await mkdtemp(join(parent, "raftkit-bench-"));
  const ports = await freePorts(6);
  const ids = ["n1", "n2", "n3"];
  const peers = ids.map((id, i) => `${id}=127.0.0.1:${ports[i]}`).join();
  const server = fileURLToPath(new URL("server.js", import.meta.url));
  const children = ids.map((id, i) =>
    fork(server, [id, join(directory, id), String(ports[3 + i]), peers]),
  );
  let questions = 0;
  const reports = (): Promise<readonly BenchReport[]> =>
    Promise.all(children.map((child) => ask(child, ++questions)));
  const close = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    for (let waitedMs = 0; waitedMs < LEADER_WAIT_MS; waitedMs += 50) {
      const leader = (await reports()).findIndex(
        ({ role, commitIndex }) => role === "leader" && commitIndex > 0,
      );
      if (leader >= 0) return { reports, close, leaderPort: ports[3 + leader] ?? 0 };
      await sleep(50);
    }
    throw new Error(`no leader after ${LEADER_WAIT_MS} ms`);
  } catch (error) {
    await close();
    throw error;
  }
}

function ask(child: ChildProcess, question: number): Promise<BenchReport> {
  return new Promise((resolve, reject) => {
    const onExit = (): void =>
      reject(new Error("a server of the benchmark ended by itself; its message is above"));
    const onMessage = (report: BenchReport): void => {
      if (report.question !== question) return;
      child.off("exit", onExit);
      child.off("message", onMessage);
      resolve(report);
    };
    child.on("message", onMessage);
    child.once("exit", onExit);
    if (child.exitCode !== null || !child.connected) onExit();
    else child.send(question);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  // It exits when its channel closes, and so also when the benchmark itself is killed.
  child.disconnect();
  await exited;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(
    servers.map((server) => new Promise((resolve) => server.once("listening", resolve))),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
