// What is said of a command that failed, and the exit code: 1 refused or failed, 2 wrong options.
import { RaftkitError } from "@raftkit/core";
import { CommanderError } from "commander";
import { ClusterError } from "../errors.js";
import { PROGRAM } from "./program.js";

export interface Failure {
  /** Whole lines for standard error; empty: all was said. */
  readonly text: string;
  readonly exitCode: number;
}

export function failureOf(error: unknown): Failure {
  // It has said what was to be said: help, or what is wrong with the command line.
  if (error instanceof CommanderError) return { text: "", exitCode: error.exitCode === 0 ? 0 : 2 };
  // What the system refuses says it in its message; its stack says nothing to a user.
  const text =
    error instanceof RaftkitError || (error instanceof Error && "syscall" in error)
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  const isRefusal = error instanceof ClusterError;
  // Below the line of a refusal there may be one to paste.
  const lines = text
    .split("\n")
    .map((line, i) => `${i > 0 && isRefusal ? "" : `${PROGRAM}: `}${line}\n`);
  return {
    text: lines.join(""),
    exitCode: isRefusal && error.code === "NOTHING_TO_VERIFY" ? 2 : 1,
  };
}
