// Command line, environment and file to checked settings. Flags win over the environment, that over
// the file, and the file over defaults. Every complaint names the option, what was given and what is allowed; nothing here
// prints or exits.
import { ConfigFileError, readConfigFile } from "@raftkit-app/command-line";
import type { ConfigFile } from "@raftkit-app/command-line";
import { formatHostPort, isLoopback, parseHostPort } from "./addresses.js";
import { environmentName, readFlags } from "./command.js";
import type { Asked } from "./command.js";
import { WrongOptions } from "./errors.js";
import { wrongVariables } from "./suggest.js";
import { defaultAddress, optionTable } from "./table.js";
import type { Given, TableOption } from "./table.js";

type Value<O> = O extends { fallback: unknown; schema: { _zod: { output: infer T } } } ? T : never;
/**
 * At least this many of the largest values fit in the log: a command may have half of it, and a
 * value with its key, in JSON as base64, stays below twice its size.
 */
const LOG_VALUES = 4;

type Unset =
  | "config"
  | "address"
  | "peers"
  | "join"
  | "httpPeers"
  | "redisPort"
  | "peerVia"
  | "leaseDriftRate"
  | "maxLogBytes";
/** What the server is started with. Every property is the option of that name. */
export type Settings = {
  readonly [K in Exclude<keyof typeof optionTable, Unset>]: Value<(typeof optionTable)[K]>;
} & { readonly [K in Unset]: Value<(typeof optionTable)[K]> | undefined };

/**
 * @param args without the program's own name
 * @returns what else was asked for
 * @throws {WrongOptions}
 */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings | Asked {
  const flags = readFlags(args);
  if (typeof flags === "string") return flags;
  const wrong = wrongVariables(
    environment,
    Object.values(optionTable).map(({ flag }) => environmentName(flag)),
  );
  const options = Object.entries<TableOption<unknown>>(optionTable);
  // An empty variable counts as unset: that is how compose files and shells pass "nothing".
  const fromVariable = (flag: string): string | undefined =>
    environment[environmentName(flag)] || undefined;
  const config = readConfig(flags.get("config") ?? fromVariable("config"), wrong);
  const given: Record<string, string | undefined> = Object.fromEntries(
    options.map(([name, { flag }]) => [
      name,
      flags.get(flag) ?? fromVariable(flag) ?? config?.values.get(flag),
    ]),
  );
  const originOf = (flag: string): string => {
    if (flags.has(flag)) return "";
    if (fromVariable(flag) !== undefined) return ` (from ${environmentName(flag)})`;
    return config?.values.has(flag) === true ? ` (from ${flag} in ${config.file})` : "";
  };
  const settings: Record<string, unknown> = {};
  for (const [name, option] of options) {
    const text = given[name] ?? option.fallback(given);
    if (text === undefined) continue;
    const parsed = option.schema.safeParse(text);
    if (parsed.success) {
      given[name] = text;
      settings[name] = parsed.data;
    } else {
      given[name] = undefined;
      wrong.push(
        complaint(
          option.flag,
          `${JSON.stringify(text)}${originOf(option.flag)}`,
          option.allowed,
          detailOf(parsed.error.issues),
        ),
      );
    }
  }
  if (wrong.length > 0) throw new WrongOptions(wrong);
  const checked = settings as Settings;
  checkTogether(checked, given);
  return checked;
}

/** @param wrong added to, if the file can't be read as one of options */
function readConfig(file: string | undefined, wrong: string[]): ConfigFile | undefined {
  const { config, ...others } = optionTable;
  // What can't be a path is refused as every other value.
  if (file === undefined || !config.schema.safeParse(file).success) return undefined;
  try {
    return readConfigFile(
      file,
      Object.values(others).map(({ flag }) => flag),
    );
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    wrong.push(complaint(config.flag, JSON.stringify(file), config.allowed, error.message));
    return undefined;
  }
}

function complaint(flag: string, was: string, allowed: string, detail = ""): string {
  return `--${flag}: given ${was}${detail === "" ? "" : ` (${detail})`}; allowed: ${allowed}`;
}

/**
 * Only the words of this project's own checks; zod's would name neither the option nor what is
 * allowed.
 */
function detailOf(issues: readonly { readonly code: string; readonly message: string }[]): string {
  const [issue] = issues;
  return issue?.code === "custom" && issue.message !== "Invalid input" ? issue.message : "";
}

/** Where this node listens for the others: `host:port`. */
export function addressOf({
  id,
  address,
  peers,
}: Pick<Settings, "id" | "address" | "peers">): string {
  return address ?? peers?.find((peer) => peer.id === id)?.address ?? defaultAddress(id);
}

/** What no option can say of itself alone. */
function checkTogether(settings: Settings, given: Given): void {
  const wrong: string[] = [];
  const { http } = optionTable;
  const was = (name: string): string => JSON.stringify(given[name]);
  wrong.push(...wrongBeginning(settings, was));
  if (wrong.length === 0 && addressOf(settings) === formatHostPort(settings.http)) {
    wrong.push(
      complaint(
        http.flag,
        was("http"),
        "an address other than the one where this node listens for the others",
      ),
    );
  }
  wrong.push(...wrongRedisPort(settings, was("redisPort")));
  if (settings.heartbeatMs * 2 > settings.electionTimeoutMs.min) {
    wrong.push(
      complaint(
        optionTable.heartbeatMs.flag,
        was("heartbeatMs"),
        `at most ${Math.floor(settings.electionTimeoutMs.min / 2)}, half of the smallest election timeout (--election-timeout-ms ${settings.electionTimeoutMs.min}-${settings.electionTimeoutMs.max})`,
      ),
    );
  }
  const leastLogBytes = LOG_VALUES * settings.maxValueBytes;
  if (settings.maxLogBytes !== undefined && settings.maxLogBytes < leastLogBytes) {
    wrong.push(
      complaint(
        optionTable.maxLogBytes.flag,
        was("maxLogBytes"),
        `a whole number from ${leastLogBytes}, ${LOG_VALUES} times --max-value-bytes (${settings.maxValueBytes}), or smaller values`,
      ),
    );
  }
  if (settings.transport === "memory" && settings.peers?.length !== 1) {
    wrong.push(
      complaint(
        optionTable.transport.flag,
        `"memory" with ${settings.peers === undefined ? "--join" : `${settings.peers.length} peers`}`,
        "tcp or http; memory reaches no other process and is for a single node",
      ),
    );
  }
  wrong.push(...wrongVia(settings, was("peerVia")));
  if (wrong.length > 0) throw new WrongOptions(wrong);
}

/** How the node comes to its cluster: by --peers, or by --join. */
function wrongBeginning(settings: Settings, was: (name: string) => string): string[] {
  const { id, peers, join, alone, rejoin } = settings;
  const flags = optionTable;
  const own = peers?.find((peer) => peer.id === id);
  if (join !== undefined) {
    const wrong: string[] = [];
    if (peers !== undefined) {
      const allowed = "one of --peers, for a new cluster, and --join, for an existing one";
      wrong.push(complaint(flags.peers.flag, `${was("peers")} together with --join`, allowed));
    }
    if (alone) wrong.push(complaint(flags.alone.flag, "it together with --join", "one of them"));
    if (join.every((address) => address === addressOf(settings))) {
      const allowed = "addresses of other nodes; this one can't add itself";
      wrong.push(complaint(flags.join.flag, was("join"), allowed));
    }
    return wrong;
  }
  if (rejoin) {
    return [
      complaint(
        flags.rejoin.flag,
        "it without --join",
        "with --join and addresses of members of the cluster",
      ),
    ];
  }
  if (own === undefined) {
    return [
      complaint(flags.peers.flag, was("peers"), `a list that includes this node, --id ${id}`),
    ];
  }
  if (isLoopback(parseHostPort(own.address)?.host ?? "")) return [];
  return [
    complaint(
      flags.peers.flag,
      was("peers"),
      "a loopback host (127.0.0.0/8, localhost, [::1]) for this node itself",
      `${own.address} is not loopback, and this server has no authentication`,
    ),
  ];
}

function wrongRedisPort(settings: Settings, was: string): string[] {
  const { redisPort, http } = settings;
  if (redisPort === undefined || redisPort.port === 0) return [];
  const taken = [addressOf(settings), formatHostPort(http)];
  return taken.includes(formatHostPort(redisPort))
    ? [complaint(optionTable.redisPort.flag, was, "an address that this node doesn't use already")]
    : [];
}

function wrongVia({ peerVia, transport }: Settings, was: string): string[] {
  if (peerVia === undefined || transport === "tcp") return [];
  const { flag } = optionTable.peerVia;
  return [complaint(flag, was, "only with --transport tcp", `the transport is ${transport}`)];
}
