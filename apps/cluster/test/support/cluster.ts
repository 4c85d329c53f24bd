// Runs the program `dist/main.js` as its users do.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { expect, onTestFinished, vi } from "vitest";
import { listNodes } from "../../src/cli/control-client.js";
import type { NodeView } from "../../src/supervisor/control-api.js";
import { freePorts, isRunning, mainScript } from "./environment.js";

export interface Program {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = [mainScript],
): Program {
  const child = spawn(process.execPath, [...command, ...args], {
    // Vitest tells what it starts to print colours.
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal)),
  );
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return { child, output: () => output, ended };
}

export interface UpCluster extends Program {
  readonly httpBase: number;
  readonly peerBase: number;
  nodes(): Promise<NodeView[]>;
  pids(): Promise<number[]>;
  http(number: number): string;
}

/** Starts a cluster and waits until it says that it is ready. */
export async function up(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  ports?: { httpBase: number; peerBase: number; redisBase?: number },
): Promise<UpCluster> {
  const {
    httpBase,
    peerBase,
    redisBase = 0,
  } = ports ?? {
    httpBase: await freePorts(9),
    peerBase: await freePorts(9),
  };
  const program = runProgram(
    [
      "up",
      `--http-base=${httpBase}`,
      `--peer-base=${peerBase}`,
      `--redis-base=${redisBase}`,
      ...args,
    ],
    env,
  );
  let over = false;
  void program.ended.then(() => (over = true));
  await vi.waitFor(
    () => {
      if (!over) expect(program.output()).toMatch(/ready in .*Ctrl-C/s);
    },
    { timeout: 40_000, interval: 50 },
  );
  if (over) throw new Error(`the cluster did not start:\n${program.output()}`);
  const nodes = (): Promise<NodeView[]> => listNodes(httpBase);
  return {
    ...program,
    httpBase,
    peerBase,
    nodes,
    pids: async () => (await nodes()).flatMap(({ pid }) => (pid === null ? [] : [pid])),
    http: (number) => `http://127.0.0.1:${httpBase + number}`,
  };
}

export async function allGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), {
    timeout: 10_000,
    interval: 20,
  });
}
