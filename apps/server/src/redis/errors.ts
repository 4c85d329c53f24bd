// What a command is refused with, as Redis words it where Redis has words for it. The first word is
// what programs look at; the README has the table.
import { RaftkitError } from "@raftkit/core";
import { NotProposed, OutcomeUnknown, ReadFailed } from "raftkit";
import type { NotProposedReason, ReadFailedReason } from "raftkit";
import { inFlags } from "../cli/flags.js";
import { HttpError } from "../http/errors.js";
import { error } from "./replies.js";

/** A command is wrong in itself: nothing was done for it. The text is the whole reply's. */
export class CommandError extends Error {}

export const SYNTAX = "ERR syntax error";
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const WOULD_OVERFLOW = "ERR increment or decrement would overflow";
export const TOO_LARGE = "ERR string exceeds maximum allowed size";

const NOTHING_CHANGED = "; nothing was changed";

const words: Readonly<Record<NotProposedReason | ReadFailedReason, string>> = {
  noLeader: "CLUSTERDOWN",
  failed: "CLUSTERDOWN",
  overloaded: "TRYAGAIN",
  notSent: "TRYAGAIN",
  superseded: "TRYAGAIN",
  aborted: "TRYAGAIN",
  timeout: "TRYAGAIN",
  behind: "TRYAGAIN",
  closing: "TRYAGAIN",
  logFull: "OOM",
  diskFull: "MISCONF",
  tooLarge: "ERR",
  invalid: "ERR",
};

/** Undefined: it isn't one that a command may end with by itself; the caller logs it. */
export function failureReply(failure: unknown): string | undefined {
  if (failure instanceof CommandError) return error(failure.message);
  // The server has no node yet.
  if (failure instanceof HttpError) return error(`LOADING ${failure.message}`);
  if (failure instanceof OutcomeUnknown) {
    return error(
      `OUTCOMEUNKNOWN the write may have happened, or may still happen: read before you retry (${inFlags(failure.message)})`,
    );
  }
  if (failure instanceof NotProposed) {
    return error(`${words[failure.reason]} ${inFlags(failure.message)}${NOTHING_CHANGED}`);
  }
  if (failure instanceof ReadFailed) {
    return error(`${words[failure.reason]} ${inFlags(failure.message)}`);
  }
  return failure instanceof RaftkitError && failure.code === "KV_INVALID_QUERY"
    ? error(`ERR ${failure.message}`)
    : undefined;
}

export function unknownCommand(args: readonly Buffer[]): string {
  const [name = "", ...rest] = args.map((arg) => arg.toString("latin1").slice(0, 128));
  let shown = "";
  for (const arg of rest) {
    if (shown.length >= 128) break;
    shown += `'${arg.slice(0, 128 - shown.length)}' `;
  }
  return `ERR unknown command '${name}', with args beginning with: ${shown}`;
}

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

export function unknownSubcommand(command: string, subcommand: Buffer | undefined): CommandError {
  const shown = subcommand?.toString("latin1").slice(0, 128) ?? "";
  return new CommandError(`ERR unknown subcommand '${shown}'. Try ${command} HELP.`);
}
