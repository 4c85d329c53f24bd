// The program around the commands: command line, signals and exit codes. 0: done, or ended by a
// signal; 1: refused or failed; 2: wrong options. What went wrong is one line on standard error. The
// larger commands are loaded when they are called, so that the small ones, and a shell that asks how
// a line may go on, are answered quickly.
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { painterFor } from "@raftkit-app/command-line";
import { RaftkitError } from "@raftkit/core";
import { CommanderError } from "commander";
import type { VerdictContext } from "./chaos/command.js";
import type { ChaosOptions } from "./chaos/options.js";
import {
  changeMembers,
  changeNode,
  listNodes,
  restartAll,
  statusTable,
  takeSnapshot,
  transferLeadership,
} from "./cli/control-client.js";
import type { Output } from "./cli/actions.js";
import { ClusterError } from "./errors.js";
import { commandLine } from "./cli/hints.js";
import { PROGRAM, runProgram } from "./cli/program.js";
import type { UpOptions } from "./supervisor/up-options.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const printJson = (value: object): void => print(JSON.stringify(value, undefined, 2));
const verdict: VerdictContext = {
  print,
  printAside: (text) => void process.stderr.write(`${text}\n`),
  paint: painterFor(process.stdout),
};

/** Lines that begin with who complains. */
function complain(text: string): void {
  const who = painterFor(process.stderr)("red", `${PROGRAM}:`);
  process.stderr.write(text.replaceAll(new RegExp(`^${PROGRAM}:`, "gm"), () => who));
}

function fail(error: unknown): never {
  // It has said what was to be said: help, or what is wrong with the command line.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  // What the system refuses says it in its message; its stack says nothing to a user.
  const text =
    error instanceof RaftkitError || (error instanceof Error && "syscall" in error)
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  complain(
    text
      .split("\n")
      // Below the line of a refusal there may be one to paste.
      .map((line, i) => `${i > 0 && error instanceof ClusterError ? "" : `${PROGRAM}: `}${line}\n`)
      .join(""),
  );
  process.exit(error instanceof ClusterError && error.code === "NOTHING_TO_VERIFY" ? 2 : 1);
}

/**
 * Where the server is, through this package's own dependency on it; RAFTKIT_SERVER_MAIN names
 * another program with the same options.
 */
function serverMain(): string {
  return (
    process.env["RAFTKIT_SERVER_MAIN"] ||
    join(
      dirname(createRequire(import.meta.url).resolve("@raftkit-app/server/package.json")),
      "dist/main.js",
    )
  );
}

/** What Node needs to run a server that ends with this process. */
function serverCommand(): string[] {
  return ["--import", new URL("supervisor/parent-guard.js", import.meta.url).href, serverMain()];
}

function onSignals(act: (signal: string) => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => act(signal));
  }
  // A terminal that is gone must not keep us from ending the nodes.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** How a user calls this program from where they are. */
function programText(): string {
  const script = process.argv[1] ?? "";
  return `node ${relative(process.cwd(), script) || script}`;
}

async function up(options: UpOptions): Promise<void> {
  const ending = new AbortController();
  let killAll = (): void => {};
  onSignals(() => {
    if (ending.signal.aborted) killAll();
    ending.abort();
  });
  try {
    const { startCluster } = await import("./supervisor/up.js");
    const cluster = await startCluster(
      { ...options, data: resolve(options.data) },
      {
        serverCommand: serverCommand(),
        signal: ending.signal,
        print,
        program: programText(),
      },
    );
    killAll = () => cluster.killAll();
    await new Promise<void>((done) => {
      if (ending.signal.aborted) done();
      ending.signal.addEventListener("abort", () => done(), { once: true });
    });
    await cluster.stop();
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
  process.exit(0);
}

async function chaos(options: ChaosOptions): Promise<never> {
  const ending = new AbortController();
  onSignals((signal) =>
    ending.abort(
      new ClusterError(
        "INTERRUPTED",
        `interrupted by ${signal}: every process was ended, nothing was proven`,
      ),
    ),
  );
  const { chaosCommand } = await import("./chaos/command.js");
  process.exit(
    await chaosCommand(options, {
      ...verdict,
      serverCommand: serverCommand(),
      program: programText(),
      signal: ending.signal,
    }),
  );
}

async function verify(path: string, output: Output): Promise<never> {
  const { verifyCommand } = await import("./chaos/command.js");
  process.exit(await verifyCommand(path, output, verdict));
}

async function status(httpBase: number, { json }: Output): Promise<void> {
  const nodes = await listNodes(httpBase);
  if (json) printJson({ nodes });
  else print(statusTable(nodes, verdict.paint));
}

/** The last line of the answer can be pasted. */
async function kill(node: string, httpBase: number): Promise<void> {
  const again = (name: string | number): string =>
    `start it again:\n${commandLine(programText(), `restart ${name}`, httpBase)}`;
  try {
    const { id, number } = await changeNode(httpBase, node, "kill");
    print(`${id} is killed; ${again(number)}`);
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== "NOT_RUNNING") throw error;
    throw new ClusterError("NOT_RUNNING", `${error.message}; ${again(node)}`, { cause: error });
  }
}

async function restart(node: string, httpBase: number): Promise<void> {
  const { id, pid } = await changeNode(httpBase, node, "restart");
  print(`${id} is running again, process ${pid}`);
}

async function snapshot(node: string, httpBase: number, { json }: Output): Promise<void> {
  const { id, index, bytes } = await takeSnapshot(httpBase, node);
  if (json) printJson({ id, index, bytes });
  else print(`${id} has saved a snapshot at index ${index}, ${bytes} bytes`);
}

async function transfer(node: string | null, httpBase: number, { json }: Output): Promise<void> {
  const beganAt = performance.now();
  const { leaderId, term } = await transferLeadership(httpBase, node);
  const tookMs = Math.round(performance.now() - beganAt);
  if (json) printJson({ leaderId, term, tookMs });
  else print(`${leaderId} leads in term ${term}, after ${tookMs} ms`);
}

/** A line for each thing that happens, and at last how it ended. */
async function members(
  action: "add" | "remove" | "replace" | "wipe",
  node: string | null,
  httpBase: number,
): Promise<void> {
  const beganAt = performance.now();
  const done = await changeMembers(httpBase, node, action, (line) => print(`  ${line}`));
  print(`${done} (${((performance.now() - beganAt) / 1000).toFixed(1)} s)`);
}

try {
  await runProgram(process.argv.slice(2), {
    program: programText(),
    command: [process.execPath, resolve(process.argv[1] ?? "")],
    actions: {
      up,
      status,
      kill,
      restart,
      snapshot,
      transfer,
      rollingRestart: async (httpBase) => print(await restartAll(httpBase, print)),
      add: (httpBase) => members("add", null, httpBase),
      remove: (node, httpBase) => members("remove", node, httpBase),
      replace: (node, httpBase) => members("replace", node, httpBase),
      wipe: (node, httpBase) => members("wipe", node, httpBase),
      chaos,
      verify,
    },
    print: (text) => void process.stdout.write(text),
    complain,
  });
} catch (error) {
  fail(error);
}
