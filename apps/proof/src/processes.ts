// Runs a tool to its end and keeps what it wrote. Each has a process group of its own, which gets
// our signals and dies as a whole when time is up: tools start children, and none may outlive us.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { constants } from "node:os";

const GRACE_MS = 1000;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Ended {
  /** The exit code; 128 and the signal's number after a signal, as in a shell. */
  readonly status: number;
  readonly output: string;
}

export interface CaptureOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The group is killed then: status 137. */
  readonly timeoutMs?: number;
  /** Only what it writes to stdout; stderr goes through. */
  readonly stdoutOnly?: boolean;
}

export function capture(
  [tool = "", ...args]: readonly string[],
  { cwd, env = process.env, timeoutMs, stdoutOnly = false }: CaptureOptions,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(tool, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", stdoutOnly ? "inherit" : "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => signalGroup(child, "SIGKILL"), timeoutMs);
    const forwarding = forwardSignals(child);
    const settle = (status: number): void => {
      clearTimeout(timer);
      if (!forwarding.end()) resolve({ status, output });
    };
    child.once("error", (error) => {
      output += `${tool}: ${error.message}\n`;
      settle(1);
    });
    child.once("close", (code, signal) => settle(statusOf(code, signal)));
  });
}

/** Runs a tool that has the terminal, and our process group, to itself. @returns its exit status */
export function runTool(
  [tool = "", ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { cwd, env, stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(statusOf(code, signal)));
  });
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/**
 * Passes our signals on to the child's group until it ends, and then ends us as the signal says.
 * @returns end: whether we are being stopped
 */
function forwardSignals(child: ChildProcess): { readonly end: () => boolean } {
  let stopping: NodeJS.Signals | undefined;
  let deadline: NodeJS.Timeout | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    stopping ??= signal;
    signalGroup(child, signal);
    deadline ??= setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
  };
  for (const signal of signals) process.on(signal, stop);
  return {
    end: () => {
      clearTimeout(deadline);
      for (const signal of signals) process.off(signal, stop);
      if (stopping === undefined) return false;
      signalGroup(child, "SIGKILL");
      // Tools that run beside this one are being stopped too: the last one ends the process.
      if (process.listenerCount("SIGTERM") === 0) process.exit(128 + constants.signals[stopping]);
      return true;
    },
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}
