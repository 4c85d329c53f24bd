// The text of `--help`, made from the tables of options, so that none can be missing from it.
import { chaosOptionTable } from "./chaos/options.js";
import { environmentName } from "./command-line.js";
import type { Option } from "./command-line.js";
import { optionTable } from "./options.js";

export function helpText(): string {
  return `A test cluster: real server processes on this machine, started, watched and broken on purpose.

Usage: node apps/cluster/dist/main.js COMMAND [--OPTION VALUE]...

  up           Start the nodes, wait for a leader, run until SIGINT, SIGTERM or SIGHUP.
  status       What each node of a running cluster says of itself.
  kill N       kill -9 node N: its number, its id or "leader".
  restart N    Start node N again, with the data that it had.
  chaos        A cluster of its own under load and faults, its history checked; leaves a report.
  verify PATH  Check again what a chaos run recorded: its report's directory, or a history.jsonl.

status, kill and restart take only --http-base, which says where the cluster's control API is.

Options of up:

${rows(optionTable)}

Options of chaos:

${rows(chaosOptionTable)}

Exit codes: 0 done, ended by a signal, or everything held; 1 could not start, the cluster refused, something did not hold,
or a chaos run was interrupted; 2 wrong options, or nothing to verify.
`;
}

function rows(table: Readonly<Record<string, Option>>): string {
  return Object.values(table).map(({ flag, value, help, allowed, fallback }) =>
    `  ${`--${flag} ${value}`.trim().padEnd(20)} ${help}\n  ${"".padEnd(20)} Allowed: ${allowed}. Default: ${fallback || "drawn"}. Environment: ${environmentName(flag)}`).join("\n");
}
