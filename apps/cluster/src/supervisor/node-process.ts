// One server process: its start, its last words and its end. It knows nothing of clusters.
import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { NODE_ENVIRONMENT } from "@raftkit-app/server/node-settings";
import type { NodePlace } from "./layout.js";
import type { ServerFault } from "./server-fault.js";

export interface NodeProcess {
  readonly pid: number | null;
  /** Resolves with true once it says that it serves; with false if it ends before. */
  readonly ready: Promise<boolean>;
  /** Resolves when it is gone, with why in one line: its own last words, if it had any. */
  readonly ended: Promise<string>;
  signal(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  /** To what was loaded into it before the server. */
  send(message: ServerFault): void;
}

const MAX_WORDS_CHARS = 4096;

/**
 * Starts Node with these arguments, its output going to the node's log file. The process gets an
 * IPC channel, over which it says that it serves, and whose closing tells it that this process is
 * gone (see parent-guard.ts). It has its own process group, so that a Ctrl-C in the terminal
 * reaches it only through us.
 */
export function startNodeProcess(
  place: NodePlace,
  args: readonly string[],
  readyTimeoutMs: number,
): NodeProcess {
  const log = openSync(place.logFile, "a", 0o600);
  const child = spawn(process.execPath, [...args], {
    env: { ...NODE_ENVIRONMENT, ...process.env },
    stdio: ["ignore", log, "pipe", "ipc"],
    detached: true,
  });
  let words = "";
  const say = (text: string): void => {
    words = (words + text).slice(-MAX_WORDS_CHARS);
  };
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    say(text);
    try {
      writeSync(log, text);
    } catch {
      // A full disk costs lines of the log, not the other nodes.
    }
  });
  const timer = setTimeout(() => {
    say(`not ready after ${readyTimeoutMs} ms, killed\n`);
    child.kill("SIGKILL");
  }, readyTimeoutMs);
  child.once("error", (error) => say(`${error.message}\n`));
  const ended = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      closeSync(log);
      resolve(lastLine(words) ?? endText(code, signal));
    });
  });
  const ready = new Promise<boolean>((resolve) => {
    child.once("message", () => {
      clearTimeout(timer);
      resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  return {
    pid: child.pid ?? null,
    ready,
    ended,
    signal: (signal) => void child.kill(signal),
    // One that is just ending has no channel any more.
    send: (message) => void (child.connected && child.send(message, () => {})),
  };
}

/** A server that a signal stops ends with 0. */
function endText(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === 0) return "stopped by a signal from elsewhere (exit code 0)";
  return `ended with ${signal ?? `exit code ${code}`}`;
}

/** What a program says before it ends; of a stack trace, the line that names the error. */
function lastLine(words: string): string | undefined {
  const lines = words
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return (
    lines.findLast((line) => /^[A-Za-z]*Error\b/.test(line)) ??
    lines.findLast((line) => !line.startsWith("at ") && !line.startsWith("Node.js v"))
  );
}
