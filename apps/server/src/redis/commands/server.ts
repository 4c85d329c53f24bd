// Commands on the server: what clients and tools ask before they begin, and what people look at.
import { CommandError, unknownSubcommand } from "../errors.js";
import { checkPatterns, globMatches } from "../glob.js";
import { array, bulkText, integer, map, nil, set, simple } from "../replies.js";
import type { Protocol } from "../replies.js";
import type { Session } from "../session.js";
import { wordOf } from "./command.js";
import type { Args, Command, ServerContext } from "./command.js";
import { SERVER_NAME, SERVER_VERSION } from "./version.js";

/** @param all every command, this one included, by its name in lower case */
export function serverCommands(all: ReadonlyMap<string, Command>): readonly Command[] {
  const shared = {
    group: "server",
    kind: "alone",
    keys: [0, 0, 0],
    flags: ["loading", "stale"],
  } as const;
  return [
    {
      ...shared,
      name: "info",
      arity: -1,
      since: "1.0.0",
      usage: "[section …]",
      summary:
        "Server, clients, the node's raft figures, commands by name, and the number of keys.",
      run: info,
    },
    {
      ...shared,
      name: "command",
      arity: -1,
      since: "2.8.13",
      usage: "[COUNT | LIST | INFO [name …] | DOCS [name …]]",
      summary: "The commands of this table.",
      run: (args, session) => command(args, session, all),
    },
    {
      ...shared,
      name: "config",
      arity: -2,
      since: "2.0.0",
      usage: "GET pattern [pattern …]",
      summary: "The few settings that tools ask for. There is no CONFIG SET.",
      run: config,
    },
  ];
}

function command(args: Args, session: Session, all: ReadonlyMap<string, Command>): string {
  const { protocol } = session;
  const named = args.slice(2).map((arg) => all.get(wordOf(arg).toLowerCase()));
  const known = named.filter((one) => one !== undefined);
  switch (args.length === 1 ? "" : wordOf(args[1])) {
    case "":
      return array([...all.values()].map((one) => describe(one, protocol)));
    case "COUNT":
      return integer(all.size);
    case "LIST":
      return array([...all.keys()].map(bulkText));
    case "INFO": {
      const asked = args.length === 2 ? [...all.values()] : named;
      return array(asked.map((one) => (one ? describe(one, protocol) : nil(protocol))));
    }
    case "DOCS": {
      const asked = args.length === 2 ? [...all.values()] : known;
      return map(
        asked.map((one) => [one.name, docs(one, protocol)] as const),
        protocol,
      );
    }
    default:
      throw unknownSubcommand("COMMAND", args[1]);
  }
}

function describe({ name, arity, flags, keys }: Command, protocol: Protocol): string {
  const none = array([]);
  return array([
    bulkText(name),
    integer(arity),
    set(flags.map(simple), protocol),
    ...keys.map(integer),
    // Categories, tips, key specifications and subcommands.
    set([], protocol),
    none,
    none,
    none,
  ]);
}

function docs({ summary, since, group }: Command, protocol: Protocol): string {
  return map(
    [
      ["summary", bulkText(summary)],
      ["since", bulkText(since)],
      ["group", bulkText(group)],
    ],
    protocol,
  );
}

function config(args: Args, session: Session, context: ServerContext): string {
  if (wordOf(args[1]) !== "GET") throw unknownSubcommand("CONFIG", args[1]);
  if (args.length < 3) {
    throw new CommandError("ERR wrong number of arguments for 'config|get' command");
  }
  const patterns = args.slice(2);
  checkPatterns(patterns);
  const { limits } = context;
  const settings: Readonly<Record<string, string>> = {
    // Every write is on the disks of a majority before it is answered.
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    databases: "1",
    maxclients: String(limits.maxConnections),
    "proto-max-bulk-len": String(limits.maxArgumentBytes),
    timeout: "0",
    port: String(context.port()),
  };
  const asked = Object.entries(settings).filter(([name]) =>
    patterns.some((pattern) => globMatches(lowerCase(pattern), Buffer.from(name))),
  );
  return map(
    asked.map(([name, text]) => [name, bulkText(text)] as const),
    session.protocol,
  );
}

function lowerCase(pattern: Buffer): Buffer {
  return Buffer.from(pattern.toString("latin1").toLowerCase(), "latin1");
}

async function info(args: Args, _session: Session, context: ServerContext): Promise<string> {
  const asked = new Set(args.slice(1).map((arg) => wordOf(arg).toLowerCase()));
  const hasAll = asked.size === 0 || ["default", "all", "everything"].some((one) => asked.has(one));
  const has = (section: string): boolean => hasAll || asked.has(section);
  const sections: string[] = [];
  const section = (title: string, fields: Readonly<Record<string, unknown>>): void => {
    if (!has(title.toLowerCase())) return;
    const lines = Object.entries(fields).map(([name, field]) => `${name}:${String(field)}\r\n`);
    sections.push(`# ${title}\r\n${lines.join("")}`);
  };
  const status = context.status();
  section("Server", {
    redis_version: SERVER_VERSION,
    server_name: SERVER_NAME,
    redis_mode: "standalone",
    process_id: process.pid,
    tcp_port: context.port(),
    uptime_in_seconds: Math.floor((performance.now() - context.startedMs) / 1000),
  });
  section("Clients", {
    connected_clients: context.connections(),
    maxclients: context.limits.maxConnections,
  });
  section("Memory", { used_memory: process.memoryUsage.rss() });
  section("Persistence", { loading: status ? 0 : 1 });
  section("Replication", { role: "master", connected_slaves: 0 });
  section("Raft", {
    node: status?.id ?? "",
    raft_role: status?.role ?? "",
    leader: status?.leaderId ?? "",
    term: status?.term ?? 0,
    commit_index: status?.commitIndex ?? 0,
    last_applied: status?.lastApplied ?? 0,
  });
  section(
    "Commandstats",
    Object.fromEntries(
      [...new Set(context.commands.values())]
        .filter(({ calls }) => calls > 0)
        .map(({ command: { name }, calls }) => [`cmdstat_${name}`, `calls=${calls}`]),
    ),
  );
  if (status && has("keyspace")) {
    const answer = await context.calls.read({ type: "size" }, { consistency: "local" });
    const keys = answer.type === "size" ? answer.keys : 0;
    section("Keyspace", keys > 0 ? { db0: `keys=${keys},expires=0,avg_ttl=0` } : {});
  }
  return bulkText(sections.join("\r\n"));
}
