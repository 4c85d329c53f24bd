// Large commands over slow links: three nodes with every default, each directed link a proxy that
// lets so many bits a second pass. Liveness must not wait behind data: every command commits, and
// the leader stays.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startNetwork } from "../chaos/network/network.js";
import { takePorts } from "../chaos/processes/ports.js";
import type { Link } from "../chaos/faults/schedule.js";
import type { Answer, Question } from "./protocol.js";

export interface SlowLinks {
  readonly megabitsPerSecond: number;
  readonly commandBytes: number;
  /** One after another. */
  readonly commands: number;
}

export interface SlowLinksResult {
  /** Terms that began after the links became slow. */
  readonly elections: number;
  /** How long each command took that was committed. */
  readonly tookMs: readonly number[];
  /** Of each that was not, why. */
  readonly failures: readonly string[];
}

const NODES = [0, 1, 2];
/** The links are quick until there is a leader. */
const LEADER_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 30_000;

/** Ends all that it started, whatever happens. @throws no leader on quick links */
export async function trySlowLinks(trial: SlowLinks): Promise<SlowLinksResult> {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-trial-"));
  const block = await takePorts(NODES.length, Math.random);
  const network = await startNetwork(block.ports, Math.random);
  const children: ChildProcess[] = [];
  try {
    const peers = block.ports.map((port, i) => `n${i + 1}=127.0.0.1:${port}`).join(",");
    for (const node of NODES) {
      const via = NODES.filter((other) => other !== node)
        .map((other) => `${block.ports[other]}:${network.port(node, other)}`)
        .join(",");
      const script = fileURLToPath(new URL("node.js", import.meta.url));
      children.push(fork(script, [`n${node + 1}`, join(folder, `n${node + 1}`), peers, via]));
    }
    const before = await waitForLeader(children);
    network.impose(
      NODES.flatMap((from) => NODES.filter((to) => to !== from).map((to): Link => [from, to])),
      { type: "throttle", bytesPerSecond: (trial.megabitsPerSecond * 1_000_000) / 8 },
    );
    const outcomes = [];
    for (let i = 0; i < trial.commands; i++) {
      outcomes.push(await proposeOnce(children, trial.commandBytes));
    }
    const after = Math.max(...(await statusOf(children)).map(({ term }) => term));
    return {
      elections: after - before,
      tookMs: outcomes.flatMap(({ tookMs, failure }) => (failure === undefined ? [tookMs] : [])),
      failures: outcomes.flatMap(({ failure }) => (failure === undefined ? [] : [failure])),
    };
  } finally {
    await Promise.all(children.map(end));
    await network.close();
    await block.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Through whoever leads. A refusal is tried again, as a client would, until the time is over. */
async function proposeOnce(
  children: readonly ChildProcess[],
  bytes: number,
): Promise<{ tookMs: number; failure: string | undefined }> {
  const startedAt = performance.now();
  let failure: string | undefined = "no node led";
  for (;;) {
    const leftMs = COMMAND_TIMEOUT_MS - (performance.now() - startedAt);
    if (leftMs <= 0) return { tookMs: performance.now() - startedAt, failure };
    const leader = (await statusOf(children)).findIndex(({ role }) => role === "leader");
    const child = children[leader];
    if (child !== undefined) {
      const { outcome } = await ask(child, { type: "propose", bytes, timeoutMs: leftMs });
      if (outcome === "done") return { tookMs: performance.now() - startedAt, failure: undefined };
      failure = outcome;
    }
    await sleep(20);
  }
}

/** @returns its term */
async function waitForLeader(children: readonly ChildProcess[]): Promise<number> {
  const deadline = performance.now() + LEADER_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const statuses = await statusOf(children);
    const [first] = statuses;
    const isAgreed =
      statuses.some(({ role }) => role === "leader") &&
      statuses.every(({ term }) => term === first?.term);
    if (isAgreed && first !== undefined) return first.term;
    await sleep(20);
  }
  throw new Error(`no leader after ${LEADER_TIMEOUT_MS} ms`);
}

function statusOf(children: readonly ChildProcess[]): Promise<Answer[]> {
  return Promise.all(children.map((child) => ask(child, { type: "status" })));
}

type Asked = Question extends infer Each
  ? Each extends Question
    ? Omit<Each, "number">
    : never
  : never;

function ask(child: ChildProcess, question: Asked): Promise<Answer> {
  const number = Math.random();
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off("exit", onExit);
      child.off("message", onMessage);
    };
    const onExit = (): void => {
      settle();
      reject(new Error("a node of the trial ended by itself; its message is above"));
    };
    const onMessage = (answer: Answer): void => {
      if (answer.number !== number) return;
      settle();
      resolve(answer);
    };
    child.on("message", onMessage);
    child.once("exit", onExit);
    if (child.exitCode !== null || !child.connected) onExit();
    else child.send({ ...question, number });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}
