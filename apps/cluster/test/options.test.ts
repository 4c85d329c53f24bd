import { describe, expect, test } from "vitest";
import { helpText } from "../src/help.js";
import { optionTable, parseCommand, WrongOptions } from "../src/options.js";

const defaults = {
  nodes: 3, transport: "tcp", codec: "msgpack", storage: "file", data: "data", clusterId: "raftkit",
  httpBase: 8100, peerBase: 7100, logLevel: "info", fresh: false,
};

function complaintAbout(args: readonly string[], environment: Record<string, string> = {}): string {
  try {
    parseCommand(args, environment);
  } catch (error) {
    if (error instanceof WrongOptions) return error.message;
    throw error;
  }
  return "";
}

describe("the command line", () => {
  test("has the defaults that the documentation names", () => {
    expect(parseCommand(["up"], {})).toEqual({ name: "up", options: defaults });
    expect(parseCommand(["status"], {})).toEqual({ name: "status", httpBase: 8100 });
    expect(parseCommand([], {})).toEqual({ name: "help" });
  });

  test("takes every option as a flag", () => {
    const args = ["--nodes", "5", "--transport=http", "--codec", "json", "--storage", "memory", "--data", "/tmp/x", "--cluster-id", "blue", "--http-base", "9100", "--peer-base", "9200", "--log-level", "warn", "--fresh"];
    expect(parseCommand(["up", ...args], {})).toEqual({ name: "up", options: {
      nodes: 5, transport: "http", codec: "json", storage: "memory", data: "/tmp/x", clusterId: "blue", httpBase: 9100, peerBase: 9200, logLevel: "warn", fresh: true,
    } });
  });

  test("lets flags win over the environment, and the environment over defaults", () => {
    const environment = { RAFTKIT_CLUSTER_NODES: "5", RAFTKIT_CLUSTER_CODEC: "json", RAFTKIT_CLUSTER_DATA: "" };
    expect(parseCommand(["up", "--nodes", "7"], environment)).toEqual({ name: "up", options: { ...defaults, nodes: 7, codec: "json" } });
  });

  test.each([
    [["kill", "2"], { name: "kill", node: "2", httpBase: 8100 }],
    [["kill", "leader", "--http-base", "9000"], { name: "kill", node: "leader", httpBase: 9000 }],
    [["restart", "n3"], { name: "restart", node: "n3", httpBase: 8100 }],
  ])("reads %j", (args, command) => expect(parseCommand(args, {})).toEqual(command));

  test.each([
    [["up", "--nodes", "0"], '--nodes: given "0"; allowed: a whole number from 1 to 9'],
    [["up", "--nodes", "3x"], '--nodes: given "3x"; allowed: a whole number from 1 to 9'],
    [["up", "--nodes"], "--nodes: given nothing; allowed: a whole number from 1 to 9"],
    [["up", "--transport", "memory"], '--transport: given "memory"; allowed: tcp or http'],
    [["up", "--cluster-id", "a b"], '--cluster-id: given "a b"; allowed: 1 to 64 of A-Z a-z 0-9 _ -'],
    [["up", "--fresh=perhaps"], '--fresh: given "perhaps"; allowed: no value (or true or false)'],
    [["up", "--data", ""], '--data: given ""; allowed: a path'],
    [["up", "--http-base", "65530"], '--http-base: given "65530"; allowed: a port from 1 to 65526'],
    [["up", "--peer-base", "8102"], '--peer-base: given "8102"; allowed: a port further than 3 from --http-base 8100, so that no port is needed twice'],
    [["up", "extra"], 'unexpected argument "extra"; options look like --nodes 5'],
    [["kill"], 'kill: no node given; allowed: its number, its id or "leader", as in: kill 2'],
    [["kill", "1", "2"], 'unexpected argument "2"; options look like --nodes 5'],
    [["status", "--nodes", "3"], "unknown option --nodes; allowed: --http-base, --help"],
    [["start"], 'unknown command "start"; allowed: up, status, kill, restart, help'],
  ])("refuses %j in one line that names what is allowed", (args, line) => expect(complaintAbout(args)).toBe(line));

  test("has a line for each wrong option, from wherever it came", () => {
    expect(complaintAbout(["up", "--nodes", "x"], { RAFTKIT_CLUSTER_CODEC: "xml" }).split("\n")).toEqual([
      '--nodes: given "x"; allowed: a whole number from 1 to 9', '--codec: given "xml"; allowed: msgpack or json',
    ]);
  });

  test.each(["--help", "-h"])("explains itself on %s, with every option", (flag) => {
    expect(parseCommand(["up", flag], {})).toEqual({ name: "help" });
    for (const { flag: name } of Object.values(optionTable)) expect(helpText()).toContain(`--${name}`);
  });
});
