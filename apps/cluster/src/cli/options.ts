// The command line and environment of every command, checked. Nothing here prints or exits: whoever
// calls decides.
import { isValidId } from "@raftkit/core";
import { z } from "zod";
import { chaosOptionTable, parseChaos, parseVerify } from "../chaos/options.js";
import type { ChaosOptions } from "../chaos/options.js";
import {
  complaint,
  environmentName,
  nearest,
  parseTexts,
  readArguments,
  WrongOptions,
} from "./command-line.js";
import type { Environment, OptionTable } from "./command-line.js";

export interface UpOptions {
  readonly nodes: number;
  readonly transport: "tcp" | "http";
  readonly codec: "msgpack" | "json";
  readonly storage: "file" | "memory";
  /** Holds what the nodes store, their logs, and how the cluster was created. */
  readonly data: string;
  readonly clusterId: string;
  /** The control API listens here, node i on this plus i. */
  readonly httpBase: number;
  /** Node i hears the others on this plus i. */
  readonly peerBase: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Delete what an earlier cluster left in `data`. */
  readonly fresh: boolean;
}

export type CommandName = "up" | "status" | "kill" | "restart" | "chaos" | "verify";

export type Command =
  /** `of`: of which command; undefined: of all. */
  | { readonly name: "help"; readonly of: CommandName | undefined }
  | { readonly name: "up"; readonly options: UpOptions }
  | { readonly name: "status"; readonly httpBase: number }
  | { readonly name: "chaos"; readonly options: ChaosOptions }
  | { readonly name: "verify"; readonly path: string }
  | { readonly name: "kill" | "restart"; readonly httpBase: number; readonly node: string };

const MAX_NODES = 9;

const port = (max: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^[0-9]{1,5}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(max));

const schema = z.object({
  nodes: port(MAX_NODES),
  transport: z.enum(["tcp", "http"]),
  codec: z.enum(["msgpack", "json"]),
  storage: z.enum(["file", "memory"]),
  data: z
    .string()
    .min(1)
    .refine((text) => !text.includes("\0")),
  clusterId: z.string().refine(isValidId),
  httpBase: port(65_535 - MAX_NODES),
  peerBase: port(65_535 - MAX_NODES),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]),
  fresh: z.enum(["true", "false"]).transform((text) => text === "true"),
});

type Name = keyof UpOptions;

/** Every option once, in the order in which help prints them. */
export const optionTable: OptionTable<Name> = {
  nodes: {
    flag: "nodes",
    value: "N",
    fallback: "3",
    allowed: `a whole number from 1 to ${MAX_NODES}`,
    help: "How many server processes.",
  },
  transport: {
    flag: "transport",
    value: "NAME",
    fallback: "tcp",
    allowed: "tcp or http",
    help: "What carries messages between them.",
  },
  codec: {
    flag: "codec",
    value: "NAME",
    fallback: "msgpack",
    allowed: "msgpack or json",
    help: "How commands and messages become bytes.",
  },
  storage: {
    flag: "storage",
    value: "NAME",
    fallback: "file",
    allowed: "file or memory",
    help: "Where they keep their logs; memory: lost with each process.",
  },
  data: {
    flag: "data",
    value: "DIRECTORY",
    fallback: "data",
    allowed: "a path",
    help: "What they store, and their logs; kept from run to run.",
  },
  clusterId: {
    flag: "cluster-id",
    value: "ID",
    fallback: "raftkit",
    allowed: "1 to 64 of A-Z a-z 0-9 _ -",
    help: "Nodes of another cluster are turned away.",
  },
  httpBase: {
    flag: "http-base",
    value: "PORT",
    fallback: "8100",
    allowed: `a port from 1 to ${65_535 - MAX_NODES}`,
    help: "The control API's port; node i serves HTTP on it plus i.",
  },
  peerBase: {
    flag: "peer-base",
    value: "PORT",
    fallback: "7100",
    allowed: `a port from 1 to ${65_535 - MAX_NODES}`,
    help: "Node i hears the other nodes on it plus i.",
  },
  logLevel: {
    flag: "log-level",
    value: "LEVEL",
    fallback: "info",
    allowed: "debug, info, warn, error or silent",
    help: "What the nodes write to DIRECTORY/logs.",
  },
  fresh: {
    flag: "fresh",
    value: "",
    fallback: "false",
    allowed: "no value (or true or false)",
    help: "First delete what an earlier cluster left in --data.",
  },
};

/** Which options a command takes. */
const taken: Readonly<Record<Exclude<CommandName, "chaos" | "verify">, readonly Name[]>> = {
  up: [
    "nodes",
    "transport",
    "codec",
    "storage",
    "data",
    "clusterId",
    "httpBase",
    "peerBase",
    "logLevel",
    "fresh",
  ],
  status: ["httpBase"],
  kill: ["httpBase"],
  restart: ["httpBase"],
};

const commands = [
  "up",
  "status",
  "kill",
  "restart",
  "chaos",
  "verify",
] as const satisfies readonly CommandName[];

/**
 * @param args without the program's own name
 * @throws {WrongOptions}
 */
export function parseCommand(args: readonly string[], environment: Environment): Command {
  const [first = "help", ...rest] = args;
  if (first === "help" || isHelpFlag(first)) {
    const [of] = rest.filter((arg) => !isHelpFlag(arg));
    return { name: "help", of: of === undefined ? undefined : commandOf(of) };
  }
  const name = commandOf(first);
  if (rest.some(isHelpFlag)) return { name: "help", of: name };
  if (name === "verify") return { name, path: parseVerify(rest) };
  refuseUnknownVariables(environment);
  if (name === "chaos") return { name, options: parseChaos(rest, environment) };
  const { texts, positionals } = readArguments(
    optionTable,
    taken[name],
    name === "kill" || name === "restart" ? 1 : 0,
    rest,
    environment,
  );
  if (name === "up") {
    return { name, options: checkTogether(parseTexts(schema, optionTable, texts)) };
  }
  const { httpBase } = parseTexts(schema.pick({ httpBase: true }), optionTable, texts);
  if (name === "status") return { name, httpBase };
  const [node] = positionals;
  if (node === undefined) {
    throw new WrongOptions([
      `${name}: no node given; allowed: its number, its id or "leader", as in: ${name} 2`,
    ]);
  }
  return { name, httpBase, node };
}

/** A misspelt variable would be ignored in silence. @throws {WrongOptions} */
function refuseUnknownVariables(environment: Environment): void {
  const known = [...Object.values(optionTable), ...Object.values(chaosOptionTable)].map(
    ({ flag }) => environmentName(flag),
  );
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith(environmentName("")) && !known.includes(name),
  );
  if (unknown.length > 0) {
    throw new WrongOptions(
      unknown.map((name) => {
        // A node's own variable without its prefix is the likelier slip: RAFTKIT_CLUSTER_ID.
        const prefixed = environmentName("") + name.slice("RAFTKIT_".length);
        const meant = known.includes(prefixed) ? prefixed : nearest(name, known);
        return `unknown environment variable ${name}; ${meant === undefined ? "" : `did you mean ${meant}? `}--help names those of each option`;
      }),
    );
  }
}

function isHelpFlag(arg: string): boolean {
  return arg === "--help" || arg === "-h";
}

/** @throws {WrongOptions} */
function commandOf(text: string): CommandName {
  const known = commands.find((command) => command === text);
  if (known === undefined) {
    throw new WrongOptions([
      `unknown command ${JSON.stringify(text)}; allowed: ${commands.join(", ")}, help`,
    ]);
  }
  return known;
}

function checkTogether(options: UpOptions): UpOptions {
  const { httpBase, peerBase, nodes } = options;
  if (Math.abs(httpBase - peerBase) > nodes) return options;
  throw new WrongOptions([
    complaint(
      {
        ...optionTable.peerBase,
        allowed: `a port further than ${nodes} from --http-base ${httpBase}, so that no port is needed twice`,
      },
      `"${peerBase}"`,
    ),
  ]);
}
