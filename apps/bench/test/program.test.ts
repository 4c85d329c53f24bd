// Which command line measures what, and every one that is refused.
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createProgram } from "../src/program.js";

const COMPARE = {
  inFlight: [1, 64, 256, 1024],
  seconds: 4,
  runs: 5,
  memoryPuts: 1_000_000,
  port: "redis",
  out: "compare-report",
  data: tmpdir(),
};

test.each([
  [
    ["writes", "--in-flight", "1,0"],
    "option '--in-flight <LIST>' argument '1,0' is invalid. Allowed: a list of whole numbers from 1 to 4096, separated by commas",
  ],
  [
    ["writes", "--in-flight", "1,,2"],
    "option '--in-flight <LIST>' argument '1,,2' is invalid. Allowed: a list of whole numbers from 1 to 4096, separated by commas",
  ],
  [
    ["writes", "--seconds", "21"],
    "option '--seconds <S>' argument '21' is invalid. Allowed: a number from 1 to 20",
  ],
  [
    ["writes", "--log-mib", "64,64"],
    "option '--log-mib <LIST>' argument '64,64' is invalid. Allowed: a list of whole numbers from 1 to 8192, or none, each once, separated by commas",
  ],
  [
    ["writes", "--log-mib", "0"],
    "option '--log-mib <LIST>' argument '0' is invalid. Allowed: a list of whole numbers from 1 to 8192, or none, each once, separated by commas",
  ],
  [
    ["endurance", "--writes", "0"],
    "option '--writes <N>' argument '0' is invalid. Allowed: a whole number from 1 to 1000000000",
  ],
  [["endurance", "--out", "--rate"], "option '--out <DIRECTORY>' argument missing"],
  [
    ["restart", "--keys", "10000001"],
    "option '--keys <N>' argument '10000001' is invalid. Allowed: a whole number from 1 to 10000000",
  ],
  [
    ["catch-up", "--seconds", "0.5"],
    "option '--seconds <S>' argument '0.5' is invalid. Allowed: a number from 1 to 60",
  ],
  [
    ["--seconds", "1.5"],
    "option '--seconds <S>' argument '1.5' is invalid. Allowed: a whole number from 1 to 60",
  ],
  [
    ["compare", "--port", "http"],
    "option '--port <NAME>' argument 'http' is invalid. Allowed choices are redis, bench",
  ],
  [["--peers", "--port", "bench"], "option '--peers' cannot be used with option '--port <NAME>'"],
  [["--out", "--quick"], "option '--out <DIRECTORY>' argument missing"],
  [
    ["--runs", "1.5"],
    "option '--runs <N>' argument '1.5' is invalid. Allowed: a whole number from 1 to 20",
  ],
  [
    ["--data", "/nowhere/at/all"],
    "option '--data <DIRECTORY>' argument '/nowhere/at/all' is invalid. Allowed: an existing folder",
  ],
  [["--data", "--runs"], "option '--data <DIRECTORY>' argument missing"],
  [["--runs", "1", "--runs", "1"], "option '--runs <N>' was given twice"],
  [
    ["opening", "--mib", "0"],
    "option '--mib <N>' argument '0' is invalid. Allowed: a whole number from 1 to 8192",
  ],
  [
    ["failover", "--heartbeat-ms", "60"],
    "option '--election-ms <N>' argument '250' is invalid. Allowed: at least 300, five times --heartbeat-ms 60",
  ],
  [["opening", "--in-flight", "1"], "unknown option '--in-flight'"],
  [["opening", "--runs", "1", "--runs", "1"], "option '--runs <N>' was given twice"],
  [["open"], "too many arguments for 'compare'. Expected 0 arguments but got 1"],
])("%j measures nothing", async (args, complaint) => {
  const { said, measured, program } = recorder();
  await expect(program.parseAsync(args, { from: "user" })).rejects.toMatchObject({ exitCode: 1 });
  expect({ said, measured }).toEqual({
    said: [`raftkit-bench: ${complaint}; --help tells what is allowed\n`],
    measured: [],
  });
});

test.each([
  [[], "compare", COMPARE],
  [
    ["compare", "--in-flight", "7", "--port", "redis", "--out", "here"],
    "compare",
    { ...COMPARE, inFlight: [7], port: "redis", out: "here" },
  ],
  [
    ["--quick", "--seconds", "2"],
    "compare",
    { ...COMPARE, quick: true, seconds: 2, runs: 1, memoryPuts: 20_000 },
  ],
  [
    ["--peers", "--in-flight", "64,1024"],
    "compare",
    { ...COMPARE, peers: true, inFlight: [64, 1024] },
  ],
  [["parts", "--ms", "10"], "parts", { ms: 10, data: tmpdir() }],
  [["libraries"], "libraries", { ms: 2000 }],
  [["growth"], "growth", { scale: 1, data: tmpdir() }],
  [
    ["writes"],
    "writes",
    {
      inFlight: [1, 64, 1024],
      seconds: 4,
      runs: 3,
      valueBytes: 100,
      keys: 10_000,
      logMib: [null],
      data: tmpdir(),
    },
  ],
  [
    [
      "writes",
      "--in-flight=2,3",
      "--seconds",
      "1.5",
      "--runs",
      "1",
      "--value-bytes",
      "9",
      "--data",
      ".",
    ],
    "writes",
    {
      inFlight: [2, 3],
      seconds: 1.5,
      runs: 1,
      valueBytes: 9,
      keys: 10_000,
      logMib: [null],
      data: ".",
    },
  ],
  [
    ["writes", "--log-mib", "64,none", "--keys", "7"],
    "writes",
    expect.objectContaining({ logMib: [64, null], keys: 7 }) as unknown,
  ],
  [["opening"], "opening", { mib: 1024, entryBytes: 4096, runs: 3, data: tmpdir() }],
  [
    ["opening", "--mib", "2", "--entry-bytes", "5", "--runs", "1", "--data", "."],
    "opening",
    { mib: 2, entryBytes: 5, runs: 1, data: "." },
  ],
  [
    ["endurance"],
    "endurance",
    {
      writes: 10_000_000,
      keys: 1_000_000,
      valueBytes: 100,
      inFlight: 64,
      logMib: 64,
      out: "endurance-report",
      data: tmpdir(),
    },
  ],
  [
    ["endurance", "--rate", "5", "--out", "here"],
    "endurance",
    expect.objectContaining({ rate: 5, out: "here" }) as unknown,
  ],
  [
    ["restart"],
    "restart",
    { keys: 1_000_000, valueBytes: 100, logMib: 64, runs: 3, data: tmpdir() },
  ],
  [
    ["catch-up"],
    "catchUp",
    {
      mib: 1024,
      valueBytes: 4096,
      rate: 5000,
      reads: 500,
      seconds: 30,
      logMib: 256,
      data: tmpdir(),
    },
  ],
  [["restart-gap"], "restartGap", { rate: 2000, data: tmpdir() }],
  [
    ["failover", "--runs", "20"],
    "failover",
    { runs: 20, rate: 500, heartbeatMs: 50, electionMs: 250, data: tmpdir() },
  ],
])("%j measures %s", async (args, what, options) => {
  const { measured, program } = recorder();
  await program.parseAsync(args, { from: "user" });
  expect(measured).toEqual([[what, options]]);
});

function recorder() {
  const [said, measured]: [string[], unknown[][]] = [[], []];
  const program = createProgram({
    compare: async (options) => void measured.push(["compare", options]),
    parts: async (options) => void measured.push(["parts", options]),
    libraries: async (options) => void measured.push(["libraries", options]),
    growth: async (options) => void measured.push(["growth", options]),
    writes: async (options) => void measured.push(["writes", options]),
    opening: async (options) => void measured.push(["opening", options]),
    endurance: async (options) => void measured.push(["endurance", options]),
    restart: async (options) => void measured.push(["restart", options]),
    catchUp: async (options) => void measured.push(["catchUp", options]),
    restartGap: async (options) => void measured.push(["restartGap", options]),
    failover: async (options) => void measured.push(["failover", options]),
    print: (text) => void said.push(text),
    complain: (text) => void said.push(text),
  });
  return { said, measured, program };
}
