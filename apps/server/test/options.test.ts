import { describe, expect, test } from "vitest";
import { environmentName, helpText } from "../src/cli/command.js";
import { addressOf, parseOptions } from "../src/cli/parse.js";
import { optionTable } from "../src/cli/table.js";
import type { TableOption } from "../src/cli/table.js";
import { complaint, settings } from "./settings.js";

describe("defaults", () => {
  test("without any option: one node on loopback", () => {
    expect(settings([])).toEqual({
      id: "n1",
      clusterId: "raftkit",
      peers: [{ id: "n1", address: "127.0.0.1:7101" }],
      alone: false,
      rejoin: false,
      http: { host: "127.0.0.1", port: 8101 },
      transport: "tcp",
      storage: "file",
      codec: "msgpack",
      data: "raftkit-data/n1",
      electionTimeoutMs: { min: 150, max: 300 },
      heartbeatMs: 50,
      timeoutMs: 5000,
      maxValueBytes: 1_048_576,
      snapshotAfterBytes: 67_108_864,
      logLevel: "info",
    });
  });

  test("ports and directory follow the id", () => {
    expect(settings(["--id", "n7"])).toMatchObject({
      data: "raftkit-data/n7",
      http: { port: 8107 },
      peers: [{ id: "n7", address: "127.0.0.1:7107" }],
    });
    expect(settings(["--id=alpha"])).toMatchObject({
      data: "raftkit-data/alpha",
      http: { port: 8101 },
      peers: [{ id: "alpha", address: "127.0.0.1:7101" }],
    });
  });
});

describe("where a value comes from", () => {
  const samples: Record<
    Exclude<keyof typeof optionTable, "config">,
    readonly [text: string, value: unknown]
  > = {
    id: ["n1", "n1"],
    clusterId: ["blue_1", "blue_1"],
    peers: [
      "n1=127.0.0.1:7101,n2=[::1]:7102,n3=localhost:7103",
      [
        { id: "n1", address: "127.0.0.1:7101" },
        { id: "n2", address: "[::1]:7102" },
        { id: "n3", address: "localhost:7103" },
      ],
    ],
    address: ["127.0.0.1:7999", "127.0.0.1:7999"],
    alone: ["true", true],
    join: ["127.0.0.1:7102,[::1]:7103", ["127.0.0.1:7102", "[::1]:7103"]],
    rejoin: ["true", true],
    http: ["[::1]:0", { host: "::1", port: 0 }],
    httpPeers: ["n2=127.0.0.1:8102", [{ id: "n2", address: "127.0.0.1:8102" }]],
    redisPort: ["6401", { host: "127.0.0.1", port: 6401 }],
    peerVia: [
      "127.0.0.1:7102=127.0.0.1:9102,[::1]:7103=localhost:9103",
      [
        { address: "127.0.0.1:7102", via: "127.0.0.1:9102" },
        { address: "[::1]:7103", via: "localhost:9103" },
      ],
    ],
    transport: ["http", "http"],
    storage: ["memory", "memory"],
    codec: ["json", "json"],
    data: ["/tmp/a b", "/tmp/a b"],
    electionTimeoutMs: ["1000-2000", { min: 1000, max: 2000 }],
    heartbeatMs: ["75", 75],
    leaseDriftRate: ["0.001", 0.001],
    timeoutMs: ["1", 1],
    maxValueBytes: ["1", 1],
    maxLogBytes: ["4194304", 4_194_304],
    snapshotAfterBytes: ["4096", 4096],
    logLevel: ["silent", "silent"],
  };

  for (const [name, [text, value]] of Object.entries(samples)) {
    const option = Object.entries(optionTable).find(([key]) => key === name)?.[1];
    const flag = option?.flag ?? "";
    const needed: Record<string, readonly string[]> = {
      rejoin: ["--join", "127.0.0.1:7102"],
    };
    const others = needed[name] ?? [];
    test(`--${flag} and ${environmentName(flag)}`, () => {
      expect(settings([...others, `--${flag}`, text])).toMatchObject({ [name]: value });
      expect(settings([...others, `--${flag}=${text}`])).toMatchObject({ [name]: value });
      expect(settings(others, { [environmentName(flag)]: text })).toMatchObject({ [name]: value });
    });
  }

  test("flags win over the environment; an empty variable is none", () => {
    expect(settings(["--timeout-ms", "7"], { RAFTKIT_TIMEOUT_MS: "9" }).timeoutMs).toBe(7);
    expect(settings([], { RAFTKIT_TIMEOUT_MS: "" }).timeoutMs).toBe(5000);
    expect(settings(["--timeout-ms", "7"], { RAFTKIT_TIMEOUT_MS: "rubbish" }).timeoutMs).toBe(7);
  });
});

test("a switch alone means true; given false it is off", () => {
  expect(settings(["--alone", "--id", "n2"])).toMatchObject({ alone: true, id: "n2" });
  expect(settings(["--alone=false"], { RAFTKIT_ALONE: "true" }).alone).toBe(false);
  expect(settings(["--alone", "false"]).alone).toBe(false);
});

test("where a node hears the others: --address, or --peers, or its number; with --join nobody is a peer", () => {
  expect(addressOf(settings(["--id", "n4"]))).toBe("127.0.0.1:7104");
  expect(addressOf(settings(["--peers", "n1=127.0.0.1:9,n2=10.0.0.1:9"]))).toBe("127.0.0.1:9");
  expect(settings(["--id", "n4", "--address", "127.0.0.1:9"]).peers).toEqual([
    { id: "n4", address: "127.0.0.1:9" },
  ]);
  const joins = settings(["--id", "n4", "--join", "127.0.0.1:7101"]);
  expect([joins.peers, addressOf(joins)]).toEqual([undefined, "127.0.0.1:7104"]);
});

describe("wrong options", () => {
  const list = "id=host:port, separated by commas, each id and address once, ports 1 to 65535";
  const detours =
    "host:port=host:port, separated by commas, each first address once, ports 1 to 65535";
  const ids = "1 to 64 of A-Z a-z 0-9 _ -";
  const loopback =
    "a loopback host (127.0.0.0/8, localhost, [::1]) and a port from 0 (any free one) to 65535";
  const range = "two whole numbers from 10 to 600000 with a dash between them, the smaller first";
  const heartbeat =
    "a whole number from 1 to 300000, at most half of the smallest election timeout";
  const cases: readonly (readonly [args: readonly string[], message: string])[] = [
    [["--id", "a/b"], `--id: given "a/b"; allowed: ${ids}`],
    [["--id="], `--id: given ""; allowed: ${ids}`],
    [["--id"], "option '--id <ID>' argument missing; --help lists all"],
    [["--id", "--codec", "json"], "option '--id <ID>' argument missing; --help lists all"],
    [["--cluster-id", "x".repeat(65)], `--cluster-id: given "${"x".repeat(65)}"; allowed: ${ids}`],
    [["--peers", "n1"], `--peers: given "n1" ("n1" is not id=host:port); allowed: ${list}`],
    [
      ["--peers", "n1=127.0.0.1:0"],
      `--peers: given "n1=127.0.0.1:0" ("n1=127.0.0.1:0" is not id=host:port); allowed: ${list}`,
    ],
    [
      ["--peers", "n1=127.0.0.1:70000"],
      `--peers: given "n1=127.0.0.1:70000" ("n1=127.0.0.1:70000" is not id=host:port); allowed: ${list}`,
    ],
    [
      ["--peers", "n1=127.0.0.1:1,n1=127.0.0.1:2"],
      `--peers: given "n1=127.0.0.1:1,n1=127.0.0.1:2" ("n1" is named twice); allowed: ${list}`,
    ],
    [
      ["--peers", "n1=127.0.0.1:1,n2=127.0.0.1:1"],
      `--peers: given "n1=127.0.0.1:1,n2=127.0.0.1:1" (two nodes have the address 127.0.0.1:1); allowed: ${list}`,
    ],
    [
      ["--peers", "n2=127.0.0.1:7102"],
      `--peers: given "n2=127.0.0.1:7102"; allowed: a list that includes this node, --id n1`,
    ],
    [
      ["--peers", "n1=10.0.0.1:7101"],
      `--peers: given "n1=10.0.0.1:7101" (10.0.0.1:7101 is not loopback, and this server has no authentication); allowed: a loopback host (127.0.0.0/8, localhost, [::1]) for this node itself`,
    ],
    [["--http", "8101"], `--http: given "8101"; allowed: ${loopback}`],
    [
      ["--http", "0.0.0.0:8101"],
      `--http: given "0.0.0.0:8101" (0.0.0.0 is not a loopback host, and this server has no authentication); allowed: ${loopback}`,
    ],
    [
      ["--http", "127.evil.example:80"],
      `--http: given "127.evil.example:80" (127.evil.example is not a loopback host, and this server has no authentication); allowed: ${loopback}`,
    ],
    [
      ["--http", "127.0.0.1:7101"],
      `--http: given "127.0.0.1:7101"; allowed: an address other than the one where this node listens for the others`,
    ],
    [
      ["--redis-port", "0.0.0.0:6401"],
      `--redis-port: given "0.0.0.0:6401" (0.0.0.0 is not a loopback host, and this server has no authentication); allowed: a port from 0 (any free one) to 65535, or a loopback host and a port`,
    ],
    [
      ["--redis-port", "7101"],
      `--redis-port: given "7101"; allowed: an address that this node doesn't use already`,
    ],
    [
      ["--join", "n2"],
      `--join: given "n2" ("n2" is not host:port); allowed: host:port, separated by commas, ports 1 to 65535, at least one of them not this node's own`,
    ],
    [
      ["--join", "127.0.0.1:7101"],
      `--join: given "127.0.0.1:7101"; allowed: addresses of other nodes; this one can't add itself`,
    ],
    [
      ["--join", "127.0.0.1:7102", "--peers", "n1=127.0.0.1:7101"],
      `--peers: given "n1=127.0.0.1:7101" together with --join; allowed: one of --peers, for a new cluster, and --join, for an existing one`,
    ],
    [
      ["--join", "127.0.0.1:7102", "--alone"],
      "--alone: given it together with --join; allowed: one of them",
    ],
    [
      ["--rejoin"],
      "--rejoin: given it without --join; allowed: with --join and addresses of members of the cluster",
    ],
    [["--alone=perhaps"], `--alone: given "perhaps"; allowed: false or true`],
    [
      ["--address", "10.0.0.1:7101"],
      `--address: given "10.0.0.1:7101" (10.0.0.1 is not a loopback host, and this server has no authentication); allowed: a loopback host (127.0.0.0/8, localhost, [::1]) and a port from 1 to 65535`,
    ],
    [
      ["--transport", "memory", "--join", "127.0.0.1:7102"],
      `--transport: given "memory" with --join; allowed: tcp or http; memory reaches no other process and is for a single node`,
    ],
    [
      ["--peer-via", "n2=127.0.0.1:1"],
      `--peer-via: given "n2=127.0.0.1:1" ("n2=127.0.0.1:1" is not host:port=host:port); allowed: ${detours}`,
    ],
    [
      ["--peer-via", "127.0.0.1:1=127.0.0.1:2,127.0.0.1:1=127.0.0.1:3"],
      `--peer-via: given "127.0.0.1:1=127.0.0.1:2,127.0.0.1:1=127.0.0.1:3" (127.0.0.1:1 is named twice); allowed: ${detours}`,
    ],
    [
      ["--peer-via", "127.0.0.1:1=127.0.0.1:2", "--transport", "http"],
      `--peer-via: given "127.0.0.1:1=127.0.0.1:2" (the transport is http); allowed: only with --transport tcp`,
    ],
    [
      ["--http-peers", "n1"],
      `--http-peers: given "n1" ("n1" is not id=host:port); allowed: ${list}`,
    ],
    [["--transport", "udp"], `--transport: given "udp"; allowed: tcp, http or memory`],
    [
      ["--transport", "memory", "--peers", "n1=127.0.0.1:1,n2=127.0.0.1:2"],
      `--transport: given "memory" with 2 peers; allowed: tcp or http; memory reaches no other process and is for a single node`,
    ],
    [["--storage", "disk"], `--storage: given "disk"; allowed: file or memory`],
    [["--codec", "xml"], `--codec: given "xml"; allowed: msgpack or json`],
    [["--data", ""], `--data: given ""; allowed: a path`],
    [["--election-timeout-ms", "300"], `--election-timeout-ms: given "300"; allowed: ${range}`],
    [
      ["--election-timeout-ms", "300-150"],
      `--election-timeout-ms: given "300-150"; allowed: ${range}`,
    ],
    [["--election-timeout-ms", "5-10"], `--election-timeout-ms: given "5-10"; allowed: ${range}`],
    [["--heartbeat-ms", "-1"], `--heartbeat-ms: given "-1"; allowed: ${heartbeat}`],
    [["--heartbeat-ms", "5e1"], `--heartbeat-ms: given "5e1"; allowed: ${heartbeat}`],
    [
      ["--heartbeat-ms", "76"],
      `--heartbeat-ms: given "76"; allowed: at most 75, half of the smallest election timeout (--election-timeout-ms 150-300)`,
    ],
    [
      ["--lease-drift-rate", "0.0"],
      `--lease-drift-rate: given "0.0"; allowed: a number above 0 and below 1, such as 0.001`,
    ],
    [
      ["--lease-drift-rate", "1%"],
      `--lease-drift-rate: given "1%"; allowed: a number above 0 and below 1, such as 0.001`,
    ],
    [["--timeout-ms", "0"], `--timeout-ms: given "0"; allowed: a whole number from 1 to 600000`],
    [
      ["--max-value-bytes", "1048577"],
      `--max-value-bytes: given "1048577"; allowed: a whole number from 1 to 1048576`,
    ],
    [
      ["--max-log-bytes", "12"],
      `--max-log-bytes: given "12"; allowed: a whole number from 1048576`,
    ],
    [
      ["--max-log-bytes", "4194303"],
      `--max-log-bytes: given "4194303"; allowed: a whole number from 4194304, 4 times --max-value-bytes (1048576), or smaller values`,
    ],
    [
      ["--max-log-bytes", "1048576", "--max-value-bytes", "262145"],
      `--max-log-bytes: given "1048576"; allowed: a whole number from 1048580, 4 times --max-value-bytes (262145), or smaller values`,
    ],
    [
      ["--max-log-bytes", "9007199254740993"],
      `--max-log-bytes: given "9007199254740993"; allowed: a whole number from 1048576`,
    ],
    [
      ["--log-level", "loud"],
      `--log-level: given "loud"; allowed: trace, debug, info, warn, error, fatal or silent`,
    ],
    [
      ["--heartbeat", "50"],
      "unknown option '--heartbeat' (Did you mean --heartbeat-ms?); --help lists all",
    ],
    [["--pears=n1"], "unknown option '--pears' (Did you mean --peers?); --help lists all"],
    [["--frobnicate"], "unknown option '--frobnicate'; --help lists all"],
    [["-x"], "unknown option '-x'; --help lists all"],
    [
      ["--timeout-ms", "7", "--timeout-ms=8"],
      "option '--timeout-ms <MS>' was given twice; --help lists all",
    ],
    [["--data", "--fresh"], "option '--data <DIRECTORY>' argument missing; --help lists all"],
    [["n1"], `unexpected argument "n1"; options look like --id n1`],
  ];
  for (const [args, message] of cases) {
    test(args.join(" "), () => expect(complaint(args)).toBe(message));
  }

  test("from the environment: the variable is named too", () => {
    expect(complaint([], { RAFTKIT_CODEC: "xml" })).toBe(
      '--codec: given "xml" (from RAFTKIT_CODEC); allowed: msgpack or json',
    );
  });

  test("an environment variable close to a known one is refused, not ignored", () => {
    const meant = (variable: string): string | undefined =>
      /did you mean (\w+)\?/.exec(complaint([], { [variable]: "x" }))?.[1];
    expect(complaint([], { RAFTKIT_HTTPP: "127.0.0.1:80" })).toBe(
      "unknown environment variable RAFTKIT_HTTPP; did you mean RAFTKIT_HTTP? Set that, or unset this one; --help lists all",
    );
    for (const [variable, name] of [
      ["RAFTKIT_PEER", "RAFTKIT_PEERS"],
      ["RAFTKIT_ELECTION_TIMEOUT", "RAFTKIT_ELECTION_TIMEOUT_MS"],
      ["RAFTKIT_TIMEOUT", "RAFTKIT_TIMEOUT_MS"],
      ["RAFTKIT_CLUSTERID", "RAFTKIT_CLUSTER_ID"],
      ["Raftkit_Codec", "RAFTKIT_CODEC"],
    ] as const) {
      expect([variable, meant(variable)]).toEqual([variable, name]);
    }
    const others = Object.fromEntries(
      ["KILLS", "CLUSTER_NODES", "CLUSTER_SEED", "CLUSTER_DATA", "TEST_SUMMARY"].map((name) => [
        `RAFTKIT_${name}`,
        "5",
      ]),
    );
    expect(settings([], { ...others, RAFTKIT_HTTPP: "" })).toEqual(settings([]));
  });

  test("several at once: one line each", () => {
    expect(complaint(["--codec", "xml", "--storage", "disk"]).split("\n")).toHaveLength(2);
  });

  test("every option refuses something and says what is allowed", () => {
    const located = ' ("\\u0000" is not id=host:port)';
    const details: Record<string, string> = {
      peers: located,
      "http-peers": located,
      "peer-via": ' ("\\u0000" is not host:port=host:port)',
      join: ' ("\\u0000" is not host:port)',
    };
    for (const { flag, allowed } of Object.values(optionTable)) {
      expect(complaint([`--${flag}=\0`])).toBe(
        `--${flag}: given "\\u0000"${details[flag] ?? ""}; allowed: ${allowed}`,
      );
    }
  });
});

describe("help", () => {
  test("is what --help and -h ask for, whatever else is wrong", () => {
    expect(parseOptions(["--help"], {})).toBe("help");
    expect(parseOptions(["--codec", "xml", "-h"], {})).toBe("help");
    expect(parseOptions(["--version"], {})).toBe("version");
    expect(parseOptions(["-V"], {})).toBe("version");
  });

  test("lists every option with its variable, what is allowed and its default, and examples", () => {
    const text = helpText().replaceAll(/\s+/g, " ");
    for (const { flag, value, allowed, choices, isSwitch, fallbackText } of Object.values<
      TableOption<unknown>
    >(optionTable)) {
      const shown = isSwitch === true ? `[${value}]` : `<${value}>`;
      const from = text.indexOf(` --${flag} ${shown} `);
      expect([flag, from]).not.toEqual([flag, -1]);
      const told = text.slice(from, text.indexOf("env: ", from) + 60);
      const choice = choices?.map((one) => JSON.stringify(one)).join(", ");
      expect(told).toContain(choice === undefined ? `Allowed: ${allowed}.` : `choices: ${choice}`);
      expect(told).toContain(`default: ${fallbackText}, env: ${environmentName(flag)})`);
    }
    expect(text).toContain("Examples: node apps/server/dist/main.js");
  });
});
