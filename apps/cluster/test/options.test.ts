// Every command line that the program reads, by the program's own function.
import { afterEach, describe, expect, test, vi } from "vitest";
import { createProgram } from "../src/cli/program.js";
import { callOf, defaults, readLine, recorder } from "./support/read-line.js";

const chaosDefaults = {
  nodes: 5,
  seconds: 60,
  clients: 16,
  keys: 12,
  rate: 400,
  out: "chaos-report",
  keep: false,
  json: false,
};

const optionsOf = (command: string): string[] =>
  createProgram(recorder().options)
    .commands.filter((one) => one.name() === command)
    .flatMap(({ options }) => options.map(({ long = "" }) => long));

afterEach(() => vi.unstubAllEnvs());

describe("the command line", () => {
  test("has the defaults that the documentation names", async () => {
    expect(await callOf(["up"])).toEqual(["up", defaults]);
    expect(await callOf(["status"])).toEqual(["status", 8100, { json: false }]);
    expect(await callOf(["chaos"])).toEqual([
      "chaos",
      { ...chaosDefaults, seed: expect.any(Number) as number },
    ]);
  });

  test("takes every option of up", async () => {
    const args =
      "--nodes 5 --transport=http --codec json --storage memory --data /tmp/x --cluster-id blue --http-base 9100 --peer-base 9200 --redis-base 0 --log-level warn --fresh";
    expect(await callOf(["up", ...args.split(" ")])).toEqual([
      "up",
      {
        nodes: 5,
        transport: "http",
        codec: "json",
        storage: "memory",
        data: "/tmp/x",
        clusterId: "blue",
        httpBase: 9100,
        peerBase: 9200,
        redisBase: 0,
        logLevel: "warn",
        fresh: true,
      },
    ]);
  });

  test("takes every option of chaos", async () => {
    const args =
      "--nodes=3 --seconds 9 --seed 0 --clients 1 --keys 2 --rate 3 --out x --keep --json".split(
        " ",
      );
    expect(await callOf(["chaos", ...args])).toEqual([
      "chaos",
      {
        nodes: 3,
        seconds: 9,
        seed: 0,
        clients: 1,
        keys: 2,
        rate: 3,
        out: "x",
        keep: true,
        json: true,
      },
    ]);
  });

  test.each([
    [
      ["kill", "2"],
      ["kill", "2", 8100],
    ],
    [
      ["kill", "leader", "--http-base", "9000"],
      ["kill", "leader", 9000],
    ],
    [
      ["restart", "n3"],
      ["restart", "n3", 8100],
    ],
    [["transfer"], ["transfer", null, 8100, { json: false }]],
    [
      ["transfer", "2", "--http-base", "9000", "--json"],
      ["transfer", "2", 9000, { json: true }],
    ],
    [["rolling-restart"], ["rollingRestart", 8100]],
    [["add"], ["add", 8100]],
    [
      ["remove", "leader"],
      ["remove", "leader", 8100],
    ],
    [
      ["replace", "2", "--http-base=9000"],
      ["replace", "2", 9000],
    ],
    [
      ["wipe", "n3"],
      ["wipe", "n3", 8100],
    ],
    [
      ["verify", "some/where"],
      ["verify", "some/where", { json: false }],
    ],
    [
      ["verify", "help", "--json"],
      ["verify", "help", { json: true }],
    ],
  ])("reads %j", async (args, call) => expect(await callOf(args)).toEqual(call));

  test("draws a seed where none is given, not always the same", async () => {
    const seeds = new Set<unknown>();
    for (let i = 0; i < 8; i++) seeds.add(await callOf(["chaos"]).then((call) => seedOf(call)));
    expect([...seeds].every((seed) => Number.isSafeInteger(seed))).toBe(true);
    expect(seeds.size).toBeGreaterThan(1);
  });
});

function seedOf(call: unknown): unknown {
  const [, options] = call as [string, { seed: unknown }];
  return options.seed;
}

describe("the environment", () => {
  test("gives way to flags, and wins over defaults; an empty variable counts as unset", async () => {
    const environment = {
      RAFTKIT_CLUSTER_NODES: "5",
      RAFTKIT_CLUSTER_CODEC: "json",
      RAFTKIT_CLUSTER_DATA: "",
      RAFTKIT_CLUSTER_FRESH: "",
    };
    expect(await callOf(["up", "--nodes", "7"], environment)).toEqual([
      "up",
      { ...defaults, nodes: 7, codec: "json" },
    ]);
  });

  test.each([
    ["true", [], true],
    ["false", [], false],
    ["true", ["--fresh=false"], false],
    ["false", ["--fresh"], true],
  ])("a switch's variable says %s, the flags %j", async (value, flags, fresh) => {
    expect(await callOf(["up", ...flags], { RAFTKIT_CLUSTER_FRESH: value })).toEqual([
      "up",
      { ...defaults, fresh },
    ]);
  });

  test("is named where it is wrong", async () => {
    expect(await readLine(["up"], { RAFTKIT_CLUSTER_CODEC: "xml" })).toMatchObject({
      calls: [],
      exitCode: 1,
      error:
        "raftkit-cluster: option '--codec <NAME>' value 'xml' from env 'RAFTKIT_CLUSTER_CODEC' is invalid. Allowed choices are msgpack, json; --help tells what is allowed\n",
    });
  });

  test.each([
    ["RAFTKIT_CLUSTER_NODEZ", " (Did you mean RAFTKIT_CLUSTER_NODES?)"],
    ["RAFTKIT_CLUSTER_ID", " (Did you mean RAFTKIT_CLUSTER_CLUSTER_ID?)"],
    ["RAFTKIT_CLUSTER_X", ""],
  ])("a misspelt %s is refused, others' are left alone", async (name, meant) => {
    const others = { RAFTKIT_CLUSTER_SECONDS: "9", RAFTKIT_SERVER_MAIN: "x" };
    expect(await readLine(["up"], { ...others, [name]: "5" })).toMatchObject({
      calls: [],
      exitCode: 1,
      error: `raftkit-cluster: unknown environment variable ${name}${meant}; --help tells what is allowed\n`,
    });
    expect(await callOf(["verify", "x"], { [name]: "5" })).toEqual([
      "verify",
      "x",
      { json: false },
    ]);
  });
});

test.each(["--version", "-V"])("%s prints the version", async (flag) => {
  expect(await readLine([flag])).toMatchObject({
    calls: [],
    out: expect.stringMatching(/^raftkit-cluster \d+\.\d+\.\d+ \(Node [\d.]+\)\n$/) as string,
    exitCode: 0,
  });
});

describe("a wrong command line", () => {
  test.each([
    [
      "up --nodes 0",
      "option '--nodes <N>' argument '0' is invalid. Allowed: a whole number from 1 to 9",
    ],
    [
      "up --nodes 10",
      "option '--nodes <N>' argument '10' is invalid. Allowed: a whole number from 1 to 9",
    ],
    [
      "up --nodes 3x",
      "option '--nodes <N>' argument '3x' is invalid. Allowed: a whole number from 1 to 9",
    ],
    ["up --nodes", "option '--nodes <N>' argument missing"],
    ["up --data --fresh", "option '--data <DIRECTORY>' argument missing"],
    ["up --nodes 5 --nodes 5", "option '--nodes <N>' was given twice"],
    ["up --fresh --fresh", "option '--fresh [true|false]' was given twice"],
    [
      "up --transport memory",
      "option '--transport <NAME>' argument 'memory' is invalid. Allowed choices are tcp, http",
    ],
    [
      "up --cluster-id a:b",
      "option '--cluster-id <ID>' argument 'a:b' is invalid. Allowed: 1 to 64 of A-Z a-z 0-9 _ -",
    ],
    [
      "up --fresh=perhaps",
      "option '--fresh [true|false]' argument 'perhaps' is invalid. Allowed choices are true, false",
    ],
    ["up --data=", "option '--data <DIRECTORY>' argument '' is invalid. Allowed: a path"],
    [
      "up --http-base 65530",
      "option '--http-base <PORT>' argument '65530' is invalid. Allowed: a whole number from 1 to 65526",
    ],
    [
      "up --peer-base 8102",
      "option '--peer-base <PORT>' argument '8102' is invalid. Allowed: a port further than 9 from --http-base 8100, so that no port is needed twice",
    ],
    [
      "up --redis-base 7105",
      "option '--redis-base <PORT>' argument '7105' is invalid. Allowed: a port further than 9 from --peer-base 7100, so that no port is needed twice",
    ],
    ...[
      ["http-base 6660", "http-base", 6660, 6665],
      ["http-base 6000", "http-base", 6000, 6000],
      ["transport=http --peer-base 10071", "peer-base", 10071, 10080],
    ].map(([args, name, base, refused]): [string, string] => [
      `up --${args}`,
      `option '--${name} <PORT>' argument '${base}' is invalid. Allowed: a port of which browsers and fetch refuse none of the ports up to 9 above it; they refuse ${refused}`,
    ]),
    ["up extra", "too many arguments for 'up'. Expected 0 arguments but got 1"],
    ["kill", "missing required argument 'node'"],
    ["kill 1 2", "too many arguments for 'kill'. Expected 1 argument but got 2"],
    [
      "kill ",
      "command-argument value '' is invalid for argument 'node'. Allowed: a node's number or its id",
    ],
    [
      "wipe ",
      "command-argument value '' is invalid for argument 'node'. Allowed: a node's number or its id",
    ],
    [
      "transfer ",
      "command-argument value '' is invalid for argument 'node'. Allowed: a node's number or its id",
    ],
    ["verify", "missing required argument 'path'"],
    ["verify a b", "too many arguments for 'verify'. Expected 1 argument but got 2"],
    ["verify --seed 1", "unknown option '--seed'"],
    ["status --nodes 3", "unknown option '--nodes'"],
    ["status --htpbase 1", "unknown option '--htpbase' (Did you mean --http-base?)"],
    ["chaos --sed=1", "unknown option '--sed' (Did you mean --seed?)"],
    ["chaos --cleints=1", "unknown option '--cleints' (Did you mean --clients?)"],
    [
      "chaos --nodes 2",
      "option '--nodes <N>' argument '2' is invalid. Allowed: a whole number from 3 to 9",
    ],
    [
      "chaos --seconds 1e3",
      "option '--seconds <S>' argument '1e3' is invalid. Allowed: a whole number from 5 to 900",
    ],
    [
      "chaos --seed -1",
      "option '--seed <N>' argument '-1' is invalid. Allowed: a whole number from 0 to 4294967295",
    ],
    ["chaos --data x", "unknown option '--data' (Did you mean --rate?)"],
    ["strat", "unknown command 'strat' (Did you mean one of restart, status?)"],
    ["strat --help", "unknown command 'strat' (Did you mean one of restart, status?)"],
    ["help stat", "unknown command 'stat' (Did you mean status?)"],
  ])("%s is refused in one line, and nothing is done", async (line, complaint) => {
    expect(await readLine(line.split(" "))).toEqual({
      calls: [],
      out: "",
      error: `raftkit-cluster: ${complaint}; --help tells what is allowed\n`,
      exitCode: 1,
    });
  });
});

const COMMANDS = [
  "up",
  "status",
  "kill",
  "restart",
  "snapshot",
  "transfer",
  "rolling-restart",
  "add",
  "remove",
  "replace",
  "wipe",
  "chaos",
  "verify",
  "completion",
];

describe("help", () => {
  test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("%j names every command", async (args) => {
    const { out, exitCode } = await readLine(args);
    expect(exitCode).toBe(0);
    for (const command of COMMANDS) {
      expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    expect(out).toContain("\nExit codes: 0 ");
  });

  test.each(COMMANDS)(
    "of %s: what it takes and nothing else, examples, exit codes",
    async (command) => {
      const { out, exitCode, calls } = await readLine([command, "--help"]);
      expect({ exitCode, calls }).toEqual({ exitCode: 0, calls: [] });
      const flags = [...out.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
      expect(flags).toEqual([...optionsOf(command), "--help"]);
      expect(out).toContain(`\nExamples:\n  cluster ${command}`);
      expect(out).toContain("\nExit codes: 0 ");
      expect((await readLine(["help", command])).out).toBe(out);
      expect((await readLine([command, "-h"])).out).toBe(out);
    },
  );

  test("names the variable of every option", async () => {
    const { out } = await readLine(["up", "--help"]);
    for (const flag of optionsOf("up")) {
      const variable = flag.slice(2).toUpperCase().replaceAll("-", "_");
      expect(out.replace(/\s+/g, " ")).toContain(`env: RAFTKIT_CLUSTER_${variable})`);
    }
  });
});
