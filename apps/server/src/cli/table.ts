// Every option of the server, once: its flag, what it may be, its default and its help. The
// environment variable follows from the flag: `--election-timeout-ms` is
// `RAFTKIT_ELECTION_TIMEOUT_MS`.
import type { z } from "zod";
import {
  addressList,
  detourList,
  fraction,
  idText,
  listenAddress,
  listenPort,
  locatedList,
  oneOf,
  ownAddress,
  pathText,
  range,
  whole,
} from "./schemas.js";

/** The given texts, and the defaults of earlier rows; a default may depend on them. */
export type Given = Readonly<Record<string, string | undefined>>;

export interface TableOption<T> {
  readonly flag: string;
  /** What help prints for the value. */
  readonly value: string;
  readonly schema: z.ZodType<T, string>;
  /** Ends the sentence "allowed: …". */
  readonly allowed: string;
  /** All values, if there are few. */
  readonly choices?: readonly string[];
  /** The flag alone means "true". */
  readonly isSwitch?: boolean;
  /** Undefined: the option stays unset. */
  readonly fallback: (given: Given) => string | undefined;
  /** How help words the default. */
  readonly fallbackText: string;
  readonly help: string;
}

/** The i of node "n<i>" (1 to 99), which the default ports follow; 1 for other names. */
function nodeNumber(id = "n1"): number {
  return Number(/^n([1-9][0-9]?)$/.exec(id)?.[1] ?? 1);
}

/** Where a node listens for the others by default. */
export function defaultAddress(id: string | undefined): string {
  return `127.0.0.1:${7100 + nodeNumber(id)}`;
}

/** A default that isn't one text: how help words it, and what it is. */
interface Fallback {
  readonly text: string;
  readonly of: (given: Given) => string | undefined;
}

function option<T>(
  flag: string,
  value: string,
  schema: z.ZodType<T, string>,
  allowed: string,
  fallback: string | Fallback,
  help: string,
): TableOption<T> {
  const { text, of } =
    typeof fallback === "string" ? { text: fallback, of: () => fallback } : fallback;
  return { flag, value, schema, allowed, help, fallbackText: text, fallback: of };
}

function choice<const T extends string>(
  flag: string,
  value: string,
  choices: readonly T[],
  fallback: T,
  help: string,
): TableOption<T> {
  const allowed = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  return { ...option(flag, value, oneOf(choices), allowed, fallback, help), choices };
}

function onOff(flag: string, help: string): TableOption<boolean> {
  const values = ["false", "true"] as const;
  const { schema, ...rest } = choice(flag, "true|false", values, "false", help);
  return { ...rest, schema: schema.transform((text) => text === "true"), isSwitch: true };
}

const unset = (text: string): Fallback => ({ text, of: () => undefined });
const ids = "1 to 64 of A-Z a-z 0-9 _ -";

/**
 * In the order in which help prints them; `id` comes before the others because defaults depend on it.
 */
export const optionTable = {
  config: option(
    "config",
    "FILE",
    pathText,
    "a YAML file with lines like timeout-ms: 2000, named for these options",
    unset("none"),
    "A file of options; a list may have a line for each item.",
  ),
  id: option("id", "ID", idText, ids, "n1", "This node's name; --peers, if given, must list it."),
  clusterId: option(
    "cluster-id",
    "ID",
    idText,
    ids,
    "raftkit",
    "Nodes of another cluster are refused.",
  ),
  address: option(
    "address",
    "HOST:PORT",
    ownAddress,
    "a loopback host (127.0.0.0/8, localhost, [::1]) and a port from 1 to 65535",
    unset("this node's in --peers, or 127.0.0.1:7100 + i for node n<i>"),
    "Where this node listens for the others. A member may come back at a different address.",
  ),
  peers: option(
    "peers",
    "LIST",
    locatedList,
    "id=host:port, separated by commas, each id and address once, ports 1 to 65535",
    {
      text: "this node, unless --join is given",
      of: ({ id = "n1", address, join }) =>
        join === undefined ? `${id}=${address ?? defaultAddress(id)}` : undefined,
    },
    "For a new cluster: its initial voters and their addresses, the same list on every node.",
  ),
  alone: onOff(
    "alone",
    "Found a cluster of this node alone. For the first start only: if its data directory were lost later, it would begin a second cluster.",
  ),
  join: option(
    "join",
    "LIST",
    addressList,
    "host:port, separated by commas, ports 1 to 65535, at least one of them not this node's own",
    unset("none"),
    "Join an existing cluster: the addresses of some members; one is enough. This node introduces itself there, and becomes a member once POST /v1/cluster/members names it. Instead of --peers.",
  ),
  rejoin: onOff(
    "rejoin",
    "With --join, for a voter whose data directory was lost: it becomes a voter again by itself. A majority of the others must be up.",
  ),
  http: option(
    "http",
    "HOST:PORT",
    listenAddress,
    "a loopback host (127.0.0.0/8, localhost, [::1]) and a port from 0 (any free one) to 65535",
    {
      text: "127.0.0.1:8100 + i for node n<i>",
      of: ({ id }) => `127.0.0.1:${8100 + nodeNumber(id)}`,
    },
    "Where the HTTP API listens. Without authentication: loopback only.",
  ),
  httpPeers: option(
    "http-peers",
    "LIST",
    locatedList,
    "id=host:port, separated by commas, each id and address once, ports 1 to 65535",
    unset("none"),
    "The nodes' HTTP addresses, so that status can name the leader's.",
  ),
  redisPort: option(
    "redis-port",
    "PORT",
    listenPort,
    "a port from 0 (any free one) to 65535, or a loopback host and a port",
    unset("none"),
    "Serve the Redis protocol there, too; 6400 + i is usual for node n<i>. Without authentication: loopback only.",
  ),
  peerVia: option(
    "peer-via",
    "LIST",
    detourList,
    "host:port=host:port, separated by commas, each first address once, ports 1 to 65535",
    unset("none"),
    "Addresses of nodes, each with another one to dial in its place, such as a proxy or a tunnel; transport tcp only.",
  ),
  transport: choice(
    "transport",
    "NAME",
    ["tcp", "http", "memory"],
    "tcp",
    "The transport between nodes; memory: a single node only.",
  ),
  storage: choice(
    "storage",
    "NAME",
    ["file", "memory"],
    "file",
    "Where the log is stored; memory: lost with the process.",
  ),
  codec: choice(
    "codec",
    "NAME",
    ["msgpack", "json"],
    "msgpack",
    "The encoding of commands and messages; the same on every node, and never changed.",
  ),
  data: option(
    "data",
    "DIRECTORY",
    pathText,
    "a path",
    { text: "raftkit-data/<id>", of: (given) => `raftkit-data/${given["id"] ?? "n1"}` },
    "The directory of storage file; created if it doesn't exist.",
  ),
  electionTimeoutMs: option(
    "election-timeout-ms",
    "MIN-MAX",
    range(10, 600_000),
    "two whole numbers from 10 to 600000 with a dash between them, the smaller first",
    "150-300",
    "Each election timeout is drawn from this range.",
  ),
  heartbeatMs: option(
    "heartbeat-ms",
    "MS",
    whole(1, 300_000),
    "a whole number from 1 to 300000, at most half of the smallest election timeout",
    "50",
    "How often a leader sends heartbeats.",
  ),
  leaseDriftRate: option(
    "lease-drift-rate",
    "RATE",
    fraction,
    "a number above 0 and below 1, such as 0.001",
    unset("no leases"),
    "By how much this machine's clock may run faster or slower than real time; 0.001: a tenth of a percent. With it a leader answers GET with consistency=lease without asking a majority. With worse clocks, such answers may be stale: don't set it where nobody can guarantee the clocks, or where all clocks of a machine may stop together, as in a paused virtual machine. Set it on every node; before --election-timeout-ms is reduced, restart all nodes without it.",
  ),
  timeoutMs: option(
    "timeout-ms",
    "MS",
    whole(1, 600_000),
    "a whole number from 1 to 600000",
    "5000",
    "How long a read or write may take before it is answered with 503 or 504.",
  ),
  maxValueBytes: option(
    "max-value-bytes",
    "BYTES",
    whole(1, 1_048_576),
    "a whole number from 1 to 1048576",
    "1048576",
    "The largest value.",
  ),
  maxLogBytes: option(
    "max-log-bytes",
    "BYTES",
    whole(1_048_576, Number.MAX_SAFE_INTEGER),
    "a whole number from 1048576",
    unset("the smaller of 1 GiB and a quarter of the heap limit"),
    "How large the log may grow before writes are refused.",
  ),
  snapshotAfterBytes: option(
    "snapshot-after-bytes",
    "BYTES",
    whole(1, Number.MAX_SAFE_INTEGER),
    "a whole number from 1",
    "67108864",
    "How much the log grows before a snapshot replaces it; at most half of --max-log-bytes.",
  ),
  logLevel: choice(
    "log-level",
    "LEVEL",
    ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    "info",
    "The log level; the log is JSON lines on standard output.",
  ),
} as const;
