// The text of `--help`, made from the table of options, so that none can be missing from it.
import { environmentName, optionTable } from "./options.js";

export function helpText(): string {
  const rows = Object.values(optionTable).map(({ flag, value, help, allowed, fallback }) =>
    `  ${`--${flag} ${value}`.trim().padEnd(20)} ${help}\n  ${"".padEnd(20)} Allowed: ${allowed}. Default: ${fallback}. Environment: ${environmentName(flag)}`);
  return `A test cluster: real server processes on this machine, started, watched and broken on purpose.

Usage: node apps/cluster/dist/main.js COMMAND [--OPTION VALUE]...

  up         Start the nodes, wait for a leader, run until SIGINT, SIGTERM or SIGHUP.
  status     What each node of a running cluster says of itself.
  kill N     kill -9 node N: its number, its id or "leader".
  restart N  Start node N again, with the data that it had.

status, kill and restart take only --http-base, which says where the cluster's control API is.

${rows.join("\n")}

Exit codes: 0 done, or ended by a signal; 1 could not start, or the cluster refused; 2 wrong options.
`;
}
