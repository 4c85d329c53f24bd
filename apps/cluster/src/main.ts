// The program around the commands: command line, signals and exit codes. 0: done, or ended by a
// signal; 1: refused or failed; 2: wrong options. What went wrong is one line on standard error. The
// larger commands are loaded when they are called, so that the small ones, and a shell that asks how
// a line may go on, are answered quickly.
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { painterFor } from "@raftkit-app/command-line";
import { NODE_FLAGS } from "@raftkit-app/server/node-settings";
import type { VerdictContext } from "./chaos/command.js";
import type { ChaosOptions } from "./chaos/options.js";
import type { Output } from "./cli/actions.js";
import { createControlActions } from "./cli/control-actions.js";
import { failureOf } from "./cli/failure.js";
import { PROGRAM, runProgram } from "./cli/program.js";
import { ClusterError } from "./errors.js";
import type { UpOptions } from "./supervisor/up-options.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
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
  const { text, exitCode } = failureOf(error);
  complain(text);
  process.exit(exitCode);
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
  const guard = new URL("supervisor/parent-guard.js", import.meta.url).href;
  return [...NODE_FLAGS, "--import", guard, serverMain()];
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
        chaosCommand: [process.argv[1] ?? "", "chaos"],
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

try {
  await runProgram(process.argv.slice(2), {
    program: programText(),
    command: [process.execPath, resolve(process.argv[1] ?? "")],
    actions: {
      ...createControlActions({ ...verdict, program: programText() }),
      up,
      chaos,
      verify,
    },
    print: (text) => void process.stdout.write(text),
    complain,
  });
} catch (error) {
  fail(error);
}
