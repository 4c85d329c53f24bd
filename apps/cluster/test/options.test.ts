import { describe, expect, test } from "vitest";
import { chaosOptionTable } from "../src/chaos/options.js";
import { WrongOptions } from "../src/cli/command-line.js";
import { helpText } from "../src/cli/help.js";
import { optionTable, parseCommand } from "../src/cli/options.js";

const defaults = {
  nodes: 3,
  transport: "tcp",
  codec: "msgpack",
  storage: "file",
  data: "data",
  clusterId: "raftkit",
  httpBase: 8100,
  peerBase: 7100,
  logLevel: "info",
  fresh: false,
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
    expect(parseCommand([], {})).toEqual({ name: "help", of: undefined });
  });

  test("takes every option as a flag", () => {
    const args = [
      "--nodes",
      "5",
      "--transport=http",
      "--codec",
      "json",
      "--storage",
      "memory",
      "--data",
      "/tmp/x",
      "--cluster-id",
      "blue",
      "--http-base",
      "9100",
      "--peer-base",
      "9200",
      "--log-level",
      "warn",
      "--fresh",
    ];
    expect(parseCommand(["up", ...args], {})).toEqual({
      name: "up",
      options: {
        nodes: 5,
        transport: "http",
        codec: "json",
        storage: "memory",
        data: "/tmp/x",
        clusterId: "blue",
        httpBase: 9100,
        peerBase: 9200,
        logLevel: "warn",
        fresh: true,
      },
    });
  });

  test("refuses a misspelt variable of its own, and leaves those of others alone", () => {
    expect(
      complaintAbout(["up"], { RAFTKIT_CLUSTER_NODEZ: "5", RAFTKIT_CLUSTER_SECONDS: "9" }),
    ).toBe(
      "unknown environment variable RAFTKIT_CLUSTER_NODEZ; did you mean RAFTKIT_CLUSTER_NODES? --help names those of each option",
    );
    expect(complaintAbout(["up"], { RAFTKIT_CLUSTER_ID: "blue" })).toMatch(
      /^unknown environment variable RAFTKIT_CLUSTER_ID; did you mean RAFTKIT_CLUSTER_CLUSTER_ID\? /,
    );
    expect(complaintAbout(["chaos"], { RAFTKIT_CLUSTER_X: "", RAFTKIT_SERVER_MAIN: "x" })).toMatch(
      /^unknown environment variable RAFTKIT_CLUSTER_X; /,
    );
  });

  test("lets flags win over the environment, and the environment over defaults", () => {
    const environment = {
      RAFTKIT_CLUSTER_NODES: "5",
      RAFTKIT_CLUSTER_CODEC: "json",
      RAFTKIT_CLUSTER_DATA: "",
    };
    expect(parseCommand(["up", "--nodes", "7"], environment)).toEqual({
      name: "up",
      options: { ...defaults, nodes: 7, codec: "json" },
    });
  });

  test.each([
    [["kill", "2"], { name: "kill", node: "2", httpBase: 8100 }],
    [["kill", "leader", "--http-base", "9000"], { name: "kill", node: "leader", httpBase: 9000 }],
    [
      ["chaos", "--seed", "7"],
      {
        name: "chaos",
        options: {
          nodes: 5,
          seconds: 60,
          seed: 7,
          clients: 16,
          keys: 12,
          rate: 400,
          out: "chaos-report",
          keep: false,
        },
      },
    ],
    [
      [
        "chaos",
        "--nodes=3",
        "--seconds",
        "9",
        "--seed",
        "0",
        "--clients",
        "1",
        "--keys",
        "2",
        "--rate",
        "3",
        "--out",
        "x",
        "--keep",
      ],
      {
        name: "chaos",
        options: {
          nodes: 3,
          seconds: 9,
          seed: 0,
          clients: 1,
          keys: 2,
          rate: 3,
          out: "x",
          keep: true,
        },
      },
    ],
    [["verify", "some/where"], { name: "verify", path: "some/where" }],
    [["restart", "n3"], { name: "restart", node: "n3", httpBase: 8100 }],
  ])("reads %j", (args, command) => expect(parseCommand(args, {})).toEqual(command));

  test.each([
    [["up", "--nodes", "0"], '--nodes: given "0"; allowed: a whole number from 1 to 9'],
    [["up", "--nodes", "3x"], '--nodes: given "3x"; allowed: a whole number from 1 to 9'],
    [["up", "--nodes"], "--nodes: given nothing; allowed: a whole number from 1 to 9"],
    [["up", "--transport", "memory"], '--transport: given "memory"; allowed: tcp or http'],
    [
      ["up", "--cluster-id", "a b"],
      '--cluster-id: given "a b"; allowed: 1 to 64 of A-Z a-z 0-9 _ -',
    ],
    [["up", "--fresh=perhaps"], '--fresh: given "perhaps"; allowed: no value (or true or false)'],
    [["up", "--data", ""], '--data: given ""; allowed: a path'],
    [["up", "--http-base", "65530"], '--http-base: given "65530"; allowed: a port from 1 to 65526'],
    [
      ["up", "--peer-base", "8102"],
      '--peer-base: given "8102"; allowed: a port further than 3 from --http-base 8100, so that no port is needed twice',
    ],
    [["up", "extra"], 'unexpected argument "extra"; options look like --nodes 5'],
    [["kill"], 'kill: no node given; allowed: its number, its id or "leader", as in: kill 2'],
    [["kill", "1", "2"], 'unexpected argument "2"; one is enough'],
    [["verify", "a", "b"], 'unexpected argument "b"; one is enough'],
    [["status", "--nodes", "3"], "unknown option --nodes; allowed: --http-base, --help"],
    [
      ["status", "--htpbase", "1"],
      'unknown option --htpbase; did you mean --http-base? allowed: --http-base, --help\nunexpected argument "1"; options look like --nodes 5',
    ],
    [
      ["chaos", "--sed=1", "--cleints=2", "--se=1"],
      [
        "--sed; did you mean --seed?",
        "--cleints; did you mean --clients?",
        "--se; did you mean --seconds?",
      ]
        .map(
          (line) =>
            `unknown option ${line} allowed: --nodes, --seconds, --seed, --clients, --keys, --rate, --out, --keep, --help`,
        )
        .join("\n"),
    ],
    [["chaos", "--nodes", "2"], '--nodes: given "2"; allowed: a whole number from 3 to 9'],
    [
      ["chaos", "--seconds", "1e3"],
      '--seconds: given "1e3"; allowed: a whole number from 5 to 900',
    ],
    [["chaos", "--seed", "-1"], '--seed: given "-1"; allowed: a whole number from 0 to 4294967295'],
    [
      ["chaos", "--data", "x"],
      'unknown option --data; allowed: --nodes, --seconds, --seed, --clients, --keys, --rate, --out, --keep, --help\nunexpected argument "x"; options look like --nodes 5',
    ],
    [
      ["verify"],
      "verify: nothing given; allowed: the directory of a chaos report, or a history.jsonl",
    ],
    [["verify", "--seed", "1"], "unknown option --seed; allowed: --help"],
    [
      ["help", "start"],
      'unknown command "start"; allowed: up, status, kill, restart, chaos, verify, help',
    ],
    [
      ["start", "--help"],
      'unknown command "start"; allowed: up, status, kill, restart, chaos, verify, help',
    ],
    [["start"], 'unknown command "start"; allowed: up, status, kill, restart, chaos, verify, help'],
  ])("refuses %j in one line that names what is allowed", (args, line) =>
    expect(complaintAbout(args)).toBe(line),
  );

  test("has a line for each wrong option, from wherever it came", () => {
    expect(
      complaintAbout(["up", "--nodes", "x"], { RAFTKIT_CLUSTER_CODEC: "xml" }).split("\n"),
    ).toEqual([
      '--nodes: given "x"; allowed: a whole number from 1 to 9',
      '--codec: given "xml"; allowed: msgpack or json',
    ]);
  });

  test("draws a seed where none is given, not always the same", () => {
    const seeds = Array.from({ length: 8 }, () => parseCommand(["chaos"], {})).map((command) =>
      command.name === "chaos" ? command.options.seed : -1,
    );
    expect(Math.min(...seeds)).toBeGreaterThanOrEqual(0);
    expect(new Set(seeds).size).toBeGreaterThan(1);
  });

  test.each(["--help", "-h"])("explains itself on %s, with every option", (flag) => {
    expect(parseCommand([flag], {})).toEqual({ name: "help", of: undefined });
    for (const command of ["up", "status", "kill", "restart", "chaos", "verify"] as const) {
      expect(parseCommand([command, flag], {})).toEqual({ name: "help", of: command });
      expect(parseCommand(["help", command], {})).toEqual({ name: "help", of: command });
      expect(helpText()).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    expect(parseCommand(["verify", "help"], {})).toEqual({ name: "verify", path: "help" });
    for (const { flag: name } of Object.values(optionTable)) {
      expect(helpText("up")).toContain(`  --${name}`);
    }
    for (const { flag: name } of Object.values(chaosOptionTable)) {
      expect(helpText("chaos")).toContain(`  --${name}`);
    }
  });

  test("explains of each command only what it takes", () => {
    const flagsIn = (text: string): string[] =>
      [...text.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag = ""]) => flag);
    expect(flagsIn(helpText("chaos"))).toEqual(
      Object.values(chaosOptionTable).map(({ flag }) => flag),
    );
    expect(flagsIn(helpText("kill"))).toEqual(["http-base"]);
    expect([flagsIn(helpText("verify")), helpText("verify")]).toEqual([
      [],
      expect.stringContaining("main.js verify PATH\n"),
    ]);
  });
});
