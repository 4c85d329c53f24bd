// The texts of `--help`, made from the tables of options, so that none can be missing from them.
import { chaosOptionTable } from "../chaos/options.js";
import { environmentName } from "./command-line.js";
import type { Option } from "./command-line.js";
import { optionTable } from "./options.js";
import type { CommandName } from "./options.js";

const SCRIPT = "node apps/cluster/dist/main.js";

interface About {
  /** What follows the command's name. */
  readonly takes: string;
  readonly help: string;
  readonly options: readonly Option[];
  readonly exitCodes: string;
}

const { httpBase } = optionTable;

const about: Readonly<Record<CommandName, About>> = {
  up: {
    takes: "[--OPTION VALUE]...",
    help: "Start the nodes, wait for a leader, run until SIGINT, SIGTERM or SIGHUP.",
    options: Object.values(optionTable),
    exitCodes: "0 ended by a signal; 1 could not start; 2 wrong options.",
  },
  status: {
    takes: "[--http-base PORT]",
    help: "What each node of a running cluster says of itself.",
    options: [httpBase],
    exitCodes: "0 done; 1 no cluster answered; 2 wrong options.",
  },
  kill: {
    takes: "N [--http-base PORT]",
    help: 'kill -9 node N: its number, its id or "leader".',
    options: [httpBase],
    exitCodes: "0 it is gone; 1 the cluster refused, or didn't answer; 2 wrong options.",
  },
  restart: {
    takes: "N [--http-base PORT]",
    help: "Start node N again, with the data that it had; one that runs is ended first.",
    options: [httpBase],
    exitCodes: "0 it serves; 1 the cluster refused, or didn't answer; 2 wrong options.",
  },
  chaos: {
    takes: "[--OPTION VALUE]...",
    help: "A cluster of its own under load and faults, its history checked; leaves a report.",
    options: Object.values(chaosOptionTable),
    exitCodes:
      "0 everything held; 1 something did not, it could not start, or it was interrupted; 2 wrong options.",
  },
  verify: {
    takes: "PATH",
    help: "Check again what a chaos run recorded: its report's directory, or a history.jsonl.",
    options: [],
    exitCodes: "0 everything held; 1 something did not; 2 nothing to verify, or wrong options.",
  },
};

/** @param command whose options are told; undefined: all commands, each in a line */
export function helpText(command?: CommandName): string {
  if (command === undefined) return overview();
  const { takes, help, options, exitCodes } = about[command];
  return [
    help,
    "",
    `Usage: ${SCRIPT} ${command} ${takes}`,
    "",
    ...(options.length === 0 ? [] : [rows(options), ""]),
    `Exit codes: ${exitCodes}`,
  ].join("\n");
}

function overview(): string {
  const rowsOf = Object.entries(about).map(
    ([name, { takes, help }]) =>
      `  ${`${name} ${takes.startsWith("[") ? "" : takes.split(" ")[0]}`.padEnd(12)} ${help}`,
  );
  return `A test cluster: real server processes on this machine, started, watched and broken on purpose.

Usage: ${SCRIPT} COMMAND [--OPTION VALUE]...

${rowsOf.join("\n")}

COMMAND --help tells what it takes. Exit codes: 0 done, ended by a signal, or everything held; 1 could not start, the cluster
refused, something did not hold, or a chaos run was interrupted; 2 wrong options, or nothing to verify.`;
}

function rows(options: readonly Option[]): string {
  return options
    .map(
      ({ flag, value, help, allowed, fallback }) =>
        `  ${`--${flag} ${value}`.trim().padEnd(20)} ${help}\n  ${"".padEnd(20)} Allowed: ${allowed}. Default: ${fallback || "drawn"}. Environment: ${environmentName(flag)}`,
    )
    .join("\n");
}
