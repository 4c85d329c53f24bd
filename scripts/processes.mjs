// Runs one tool at a time, in its own process group, and passes SIGINT, SIGTERM and SIGHUP on to
// the whole group: the tools start children of their own, and none may outlive the script that npm
// started.
import { spawn } from "node:child_process";
import { constants } from "node:os";

const graceMs = 1000;
const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * @param {readonly string[]} command the tool and its arguments
 * @param {{ env?: NodeJS.ProcessEnv; cleanUp?: () => void }} [options] cleanUp: what to do before
 * the script ends because of a signal
 * @returns {Promise<number>} its exit status; a signal counts as 128 and its number, as in a shell
 */
export function run(command, { env = process.env, cleanUp } = {}) {
  return supervise(command, { stdio: ["ignore", "inherit", "inherit"], env }, () => {}, {
    cleanUp,
  });
}

/**
 * @param {readonly string[]} command
 * @param {{ cwd?: string; bothStreams?: boolean; timeoutMs?: number; env?: NodeJS.ProcessEnv }}
 * [options] bothStreams: stderr belongs to the output too; timeoutMs: it is killed then
 * @returns {Promise<{ status: number; output: string }>} with what it wrote to stdout
 */
export async function capture(
  command,
  { cwd = process.cwd(), bothStreams = false, timeoutMs, env = process.env } = {},
) {
  let output = "";
  const status = await supervise(
    command,
    { cwd, env, stdio: ["ignore", "pipe", bothStreams ? "pipe" : "inherit"] },
    (text) => (output += text),
    { timeoutMs },
  );
  return { status, output };
}

/**
 * @param {readonly string[]} command
 * @param {import("node:child_process").SpawnOptions} options
 * @param {(text: string) => void} onOutput
 * @param {{ cleanUp?: (() => void) | undefined; timeoutMs?: number | undefined }} how
 * @returns {Promise<number>}
 */
function supervise([tool = "", ...args], options, onOutput, { cleanUp, timeoutMs }) {
  return new Promise((resolve) => {
    const child = spawn(tool, args, { ...options, detached: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", onOutput);
    }
    /** @type {NodeJS.Signals | undefined} */
    let stopping;
    /** @type {NodeJS.Timeout | undefined} */
    let deadline;
    const signalGroup = (/** @type {NodeJS.Signals} */ signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group has already ended.
      }
    };
    const stop = (/** @type {NodeJS.Signals} */ signal) => {
      stopping ??= signal;
      signalGroup(signal);
      deadline ??= setTimeout(() => signalGroup("SIGKILL"), graceMs);
    };
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => signalGroup("SIGKILL"), timeoutMs);
    const settle = (/** @type {number} */ status) => {
      clearTimeout(deadline);
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, stop);
      if (stopping === undefined) return resolve(status);
      signalGroup("SIGKILL");
      cleanUp?.();
      // Tools that run beside this one are being stopped too: the last one ends the script.
      if (process.listenerCount("SIGTERM") > 0) return;
      process.exit(128 + constants.signals[stopping]);
    };
    for (const signal of signals) process.on(signal, stop);
    child.once("error", (error) => {
      console.error(`${tool}: ${error.message}`);
      settle(1);
    });
    child.once("close", (code, signal) =>
      settle(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
