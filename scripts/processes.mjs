// Runs one tool at a time, in its own process group, and passes SIGINT, SIGTERM and SIGHUP on to
// the whole group: the tools start children of their own, and none may outlive the script that npm
// started.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { showProgress } from "./progress.mjs";

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
 * Runs a tool that has little to say: what it is about is shown while it runs, what it wrote only
 * if it fails.
 * @param {string} what as `building`
 * @param {readonly string[]} command
 * @param {{ env?: NodeJS.ProcessEnv; detailOf?: (text: string) => string | undefined }} [options]
 * detailOf: how far it is, from what it wrote
 * @returns {Promise<{ status: number; output: string }>}
 */
export async function runQuietly(
  what,
  command,
  { env = process.env, detailOf = () => undefined } = {},
) {
  const progress = showProgress(what);
  const onOutput = (/** @type {string} */ text) => {
    const detail = detailOf(text);
    if (detail !== undefined) progress.detail(detail);
  };
  let output = "";
  const status = await supervise(
    command,
    { stdio: ["ignore", "pipe", "pipe"], env },
    (text) => {
      output += text;
      onOutput(text);
    },
    { cleanUp: progress.end },
  );
  progress.end();
  if (status !== 0 && output.trim() !== "") console.error(output.trimEnd());
  return { status, output };
}

/**
 * @param {number} status as `run` gives it
 * @returns {string} what it says, for people
 */
export function statusText(status) {
  const signal = Object.entries(constants.signals).find(([, number]) => status === 128 + number);
  return signal === undefined ? `ended with exit code ${status}` : `was ended by ${signal[0]}`;
}

/**
 * @param {readonly string[]} command
 * @param {import("node:child_process").SpawnOptions} options
 * @param {(text: string) => void} onOutput
 * @param {{ cleanUp?: (() => void) | undefined }} how
 * @returns {Promise<number>}
 */
function supervise([tool = "", ...args], options, onOutput, { cleanUp }) {
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
    const settle = (/** @type {number} */ status) => {
      clearTimeout(deadline);
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
