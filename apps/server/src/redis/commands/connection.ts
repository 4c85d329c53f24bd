// Commands on the connection itself.
import { CommandError, SYNTAX, unknownSubcommand } from "../errors.js";
import { array, bulk, bulkText, integer, map, nil, OK, simple } from "../replies.js";
import type { Session } from "../session.js";
import { wordOf } from "./command.js";
import type { Args, Command, ServerContext } from "./command.js";
import { SERVER_NAME, SERVER_VERSION } from "./version.js";

const NO_PASSWORD =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";

function hello(args: Args, session: Session, { status }: ServerContext): string {
  const version = args[1]?.toString("latin1", 0, 8) ?? String(session.protocol);
  if (version !== "2" && version !== "3") {
    throw new CommandError("NOPROTO unsupported protocol version");
  }
  let { name } = session;
  for (let at = 2; at < args.length; at += 2) {
    const word = wordOf(args[at]);
    if (word === "AUTH") throw new CommandError(NO_PASSWORD);
    const given = args[at + 1];
    if (word !== "SETNAME" || given === undefined) throw new CommandError(SYNTAX);
    name = nameOf(given);
  }
  session.protocol = version === "3" ? 3 : 2;
  session.name = name;
  return map(
    [
      ["server", bulkText(SERVER_NAME)],
      ["version", bulkText(SERVER_VERSION)],
      ["proto", integer(session.protocol)],
      ["id", integer(session.id)],
      ["mode", bulkText("standalone")],
      // Every node takes writes.
      ["role", bulkText("master")],
      ["node", bulkText(status()?.id ?? "")],
      ["modules", array([])],
    ],
    session.protocol,
  );
}

function nameOf(arg: Buffer): string {
  const name = arg.toString("latin1");
  if (/^[!-~]{0,64}$/.test(name)) return name;
  throw new CommandError(
    "ERR Client names cannot contain spaces, newlines or special characters, and have at most 64.",
  );
}

function client(args: Args, session: Session): string {
  const subcommand = wordOf(args[1]);
  const needs = (count: number): void => {
    if (args.length !== count) {
      throw new CommandError(
        `ERR wrong number of arguments for 'client|${subcommand.toLowerCase()}' command`,
      );
    }
  };
  switch (subcommand) {
    case "ID":
      needs(2);
      return integer(session.id);
    case "GETNAME":
      needs(2);
      return session.name === "" ? nil(session.protocol) : bulkText(session.name);
    case "SETNAME":
      needs(3);
      session.name = nameOf(args[2] ?? Buffer.alloc(0));
      return OK;
    case "SETINFO":
      needs(4);
      return OK;
    default:
      throw unknownSubcommand("CLIENT", args[1]);
  }
}

const shared = {
  group: "connection",
  keys: [0, 0, 0],
  flags: ["loading", "stale", "fast"],
} as const;

export const connectionCommands: readonly Command[] = [
  {
    ...shared,
    name: "ping",
    kind: "simple",
    arity: -1,
    since: "1.0.0",
    usage: "[message]",
    summary: "PONG, or the message. Says nothing about the cluster.",
    reply(args) {
      if (args.length > 2) {
        throw new CommandError("ERR wrong number of arguments for 'ping' command");
      }
      return args[1] === undefined ? simple("PONG") : bulk(args[1]);
    },
  },
  {
    ...shared,
    name: "echo",
    kind: "simple",
    arity: 2,
    since: "1.0.0",
    usage: "message",
    summary: "The message.",
    reply: (args) => bulk(args[1] ?? Buffer.alloc(0)),
  },
  {
    ...shared,
    name: "hello",
    kind: "alone",
    arity: -1,
    since: "6.0.0",
    usage: "[2 | 3 [SETNAME name]]",
    summary: "Chooses RESP2 or RESP3. There are no passwords.",
    run: hello,
  },
  {
    ...shared,
    name: "select",
    kind: "alone",
    arity: 2,
    since: "1.0.0",
    usage: "0",
    summary: "There is one database.",
    run(args) {
      if (args[1]?.toString("latin1", 0, 8) === "0") return OK;
      throw new CommandError("ERR DB index is out of range");
    },
  },
  {
    ...shared,
    name: "client",
    kind: "alone",
    arity: -2,
    since: "2.4.0",
    usage: "ID | GETNAME | SETNAME name | SETINFO attribute value",
    summary: "The connection's number and name. What SETINFO says isn't kept.",
    run: client,
  },
  {
    ...shared,
    name: "readonly",
    kind: "alone",
    arity: 1,
    group: "cluster",
    since: "3.0.0",
    usage: "",
    summary:
      "From now on reads of this connection are answered by this node's own state, however old; a connection still sees its own writes.",
    run: (_args, session) => ((session.readsLocally = true), OK),
  },
  {
    ...shared,
    name: "readwrite",
    kind: "alone",
    arity: 1,
    group: "cluster",
    since: "3.0.0",
    usage: "",
    summary: "Reads are linearizable again, as they are at the beginning.",
    run: (_args, session) => ((session.readsLocally = false), OK),
  },
  {
    ...shared,
    name: "reset",
    kind: "alone",
    arity: 1,
    since: "6.2.0",
    usage: "",
    summary: "As a new connection.",
    run: (_args, session) => (session.reset(), simple("RESET")),
  },
  {
    ...shared,
    name: "quit",
    kind: "alone",
    arity: -1,
    since: "1.0.0",
    usage: "",
    summary: "Ends the connection once everything before it is answered.",
    run: (_args, session) => ((session.isEnding = true), OK),
  },
];
