// The program around the commands: command line, signals and exit codes. 0: done, or ended by a signal; 1: refused or
// failed; 2: wrong options. What went wrong is one line on standard error.
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { RaftkitError } from "@raftkit/core";
import { changeNode, listNodes, statusTable } from "./control-client.js";
import { helpText } from "./help.js";
import { parseCommand, WrongOptions } from "./options.js";
import type { Command, UpOptions } from "./options.js";
import { startCluster } from "./up.js";

const PROGRAM = "raftkit-cluster";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function fail(error: unknown): never {
  // What the system refuses says it in its message; its stack says nothing to a user.
  const text = error instanceof RaftkitError || (error instanceof Error && "syscall" in error) ? error.message : error instanceof Error ? error.stack ?? error.message : String(error);
  process.stderr.write(text.split("\n").map((line) => `${PROGRAM}: ${line}\n`).join(""));
  process.exit(error instanceof WrongOptions ? 2 : 1);
}

/** Where the server is, through this package's own dependency on it; RAFTKIT_SERVER_MAIN names another program with the same options. */
function serverMain(): string {
  return process.env["RAFTKIT_SERVER_MAIN"] || join(dirname(createRequire(import.meta.url).resolve("@raftkit-app/server/package.json")), "dist/main.js");
}

async function up(options: UpOptions): Promise<void> {
  const script = process.argv[1] ?? "";
  const ending = new AbortController();
  let killAll = (): void => {};
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) killAll();
      ending.abort();
    });
  }
  // A terminal that is gone must not keep us from ending the nodes.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  try {
    const cluster = await startCluster({ ...options, data: resolve(options.data) }, {
      serverCommand: ["--import", new URL("parent-guard.js", import.meta.url).href, serverMain()], signal: ending.signal, print, program: `node ${relative(process.cwd(), script) || script}`,
    });
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

async function perform(command: Command): Promise<void> {
  switch (command.name) {
    case "help":
      return print(helpText());
    case "up":
      return up(command.options);
    case "status":
      return print(statusTable(await listNodes(command.httpBase)));
    case "kill":
    case "restart": {
      const node = await changeNode(command.httpBase, command.node, command.name);
      return print(command.name === "kill" ? `${node.id} is killed; start it again with: restart ${node.number}` : `${node.id} runs again, process ${node.pid}`);
    }
  }
}

try {
  await perform(parseCommand(process.argv.slice(2), process.env));
} catch (error) {
  fail(error);
}
