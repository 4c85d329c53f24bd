// `up`: its options.
import { isValidId } from "@raftkit/core";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { MAX_NODES } from "../supervisor/layout.js";
import type { UpOptions } from "../supervisor/up-options.js";
import type { Actions } from "./actions.js";
import { DEFAULT_HTTP_BASE } from "./hints.js";
import {
  choiceOption,
  declared,
  explain,
  pathOption,
  switchOption,
  wholeOption,
} from "./options.js";
import { refusedPort } from "./refused-ports.js";

const MAX_BASE_PORT = 65_535 - MAX_NODES;

export function addUp(root: Command, actions: Actions): void {
  const command = root
    .command("up")
    .description("Start the nodes, wait for a leader, run until SIGINT, SIGTERM or SIGHUP.")
    .addOption(wholeOption("--nodes <N>", "number of server processes", 1, MAX_NODES).default(3))
    .addOption(choiceOption("--transport <NAME>", "the transport between nodes", ["tcp", "http"]))
    .addOption(
      choiceOption("--codec <NAME>", "the encoding of commands and messages", ["msgpack", "json"]),
    )
    .addOption(
      choiceOption(
        "--storage <NAME>",
        "where nodes store their logs; memory: lost with each process",
        ["file", "memory"],
      ),
    )
    .addOption(
      pathOption("--data <DIRECTORY>", "the nodes' data and logs; kept from run to run", "data"),
    )
    .addOption(
      declared(
        new Option("--cluster-id <ID>", "nodes of another cluster are refused").argParser(
          clusterId,
        ),
      ).default("raftkit"),
    )
    .addOption(httpBaseOption())
    .addOption(
      wholeOption(
        "--peer-base <PORT>",
        "base of the peer ports; node i listens on it plus i",
        1,
        MAX_BASE_PORT,
      ).default(7100),
    )
    .addOption(
      wholeOption(
        "--redis-base <PORT>",
        "base of the Redis ports; node i serves the Redis protocol on it plus i; 0: none",
        0,
        MAX_BASE_PORT,
      ).default(6400),
    )
    .addOption(
      choiceOption(
        "--log-level <LEVEL>",
        "the log level of the nodes, which log to DIRECTORY/logs",
        ["debug", "info", "warn", "error", "silent"],
        "info",
      ),
    )
    .addOption(switchOption("--fresh", "delete an earlier cluster's data in --data first"))
    .action((options: UpOptions) => {
      const wrong = wrongBase(options);
      if (wrong === undefined) return actions.up(options);
      const { name, base, allowed } = wrong;
      return command.error(
        `error: option '--${name} <PORT>' argument '${base}' is invalid. Allowed: ${allowed}.`,
      );
    });
  explain(
    command,
    ["", "--nodes 5 --transport http --codec json", "--fresh"],
    "0 ended by a signal; 1 could not start; 2 wrong options.",
  );
}

interface WrongBase {
  readonly name: string;
  readonly base: number;
  readonly allowed: string;
}

/** Up to `MAX_NODES` above each base, ports are used: nodes may be added. */
function wrongBase(options: UpOptions): WrongBase | undefined {
  const { httpBase, peerBase, redisBase = 0, transport } = options;
  const mustDiffer = [
    ["peer-base", peerBase, "http-base", httpBase],
    ["redis-base", redisBase, "http-base", httpBase],
    ["redis-base", redisBase, "peer-base", peerBase],
  ] as const;
  for (const [name, base, other, otherBase] of mustDiffer) {
    if (base === 0 || Math.abs(base - otherBase) > MAX_NODES) continue;
    const allowed = `a port further than ${MAX_NODES} from --${other} ${otherBase}, so that no port is needed twice`;
    return { name, base, allowed };
  }
  const fetched = [
    { name: "http-base", base: httpBase },
    ...(transport === "http" ? [{ name: "peer-base", base: peerBase }] : []),
  ];
  for (const { name, base } of fetched) {
    const refused = refusedPort(base, MAX_NODES);
    if (refused === undefined) continue;
    const allowed = `a port of which browsers and fetch refuse none of the ports up to ${MAX_NODES} above it; they refuse ${refused}`;
    return { name, base, allowed };
  }
  return undefined;
}

export function httpBaseOption(): Option {
  return wholeOption(
    "--http-base <PORT>",
    "the control API's port; node i serves HTTP on it plus i",
    1,
    MAX_BASE_PORT,
  ).default(DEFAULT_HTTP_BASE);
}

function clusterId(text: string): string {
  if (isValidId(text)) return text;
  throw new InvalidArgumentError("Allowed: 1 to 64 of A-Z a-z 0-9 _ -.");
}
