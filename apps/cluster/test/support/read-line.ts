// Command lines, read by the program's own function: what it would do, and what it says.
import { CommanderError } from "commander";
import { expect, vi } from "vitest";
import { runProgram } from "../../src/cli/program.js";
import type { ProgramOptions } from "../../src/cli/program.js";

/** Those of `up`. */
export const defaults = {
  nodes: 3,
  transport: "tcp",
  codec: "msgpack",
  storage: "file",
  data: "data",
  clusterId: "raftkit",
  httpBase: 8100,
  peerBase: 7100,
  redisBase: 6400,
  logLevel: "info",
  fresh: false,
};
export interface Read {
  /** The command and what it was given. */
  readonly calls: readonly (readonly unknown[])[];
  readonly out: string;
  readonly error: string;
  readonly exitCode: number | undefined;
}

export function recorder(): { readonly options: ProgramOptions; readonly read: Read } {
  const calls: unknown[][] = [];
  const read = { calls, out: "", error: "", exitCode: undefined };
  const note =
    (name: string) =>
    (...given: unknown[]): void =>
      void calls.push([name, ...given]);
  const actions = {
    up: note("up"),
    status: note("status"),
    kill: note("kill"),
    restart: note("restart"),
    snapshot: note("snapshot"),
    transfer: note("transfer"),
    rollingRestart: note("rollingRestart"),
    add: note("add"),
    remove: note("remove"),
    replace: note("replace"),
    wipe: note("wipe"),
    chaos: note("chaos"),
    verify: note("verify"),
  };
  return {
    read,
    options: {
      program: "cluster",
      command: ["node", "main.js"],
      actions,
      print: (text) => (read.out += text),
      complain: (text) => (read.error += text),
    },
  };
}

export async function readLine(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Read> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { options, read } = recorder();
  try {
    await runProgram(args, options);
    return read;
  } catch (error) {
    if (error instanceof CommanderError) return { ...read, exitCode: error.exitCode };
    throw error;
  }
}

/** The only call. */
export async function callOf(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { calls, error } = await readLine(args, environment);
  expect({ error, calls: calls.length }).toEqual({ error: "", calls: 1 });
  return calls[0];
}
