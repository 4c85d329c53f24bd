// Commands as the program runs them, without a process of their own: on a busy machine a process
// takes seconds to start.
import { relative } from "node:path";
import { plain } from "@raftkit-app/command-line";
import { verifyCommand } from "../../src/chaos/command.js";
import { createControlActions } from "../../src/cli/control-actions.js";
import { failureOf } from "../../src/cli/failure.js";
import { runProgram } from "../../src/cli/program.js";
import { mainScript } from "./environment.js";

/** @returns the exit code, and all that was printed */
export async function runCommand(...args: readonly string[]): Promise<[number, string]> {
  let [output, exitCode] = ["", 0];
  const say = (text: string): void => void (output += text);
  const print = (line: string): void => say(`${line}\n`);
  const program = `node ${relative(process.cwd(), mainScript)}`;
  const elsewhere = (): never => {
    throw new Error("that one needs a process");
  };
  try {
    await runProgram(args, {
      program,
      command: [],
      actions: {
        ...createControlActions({ program, print, paint: plain }),
        up: elsewhere,
        chaos: elsewhere,
        async verify(path, output) {
          exitCode = await verifyCommand(path, output, { print, printAside: print, paint: plain });
        },
      },
      print: say,
      complain: say,
    });
  } catch (error) {
    const failure = failureOf(error);
    say(failure.text);
    exitCode = failure.exitCode;
  }
  return [exitCode, output];
}
