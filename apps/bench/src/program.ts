// The benchmarks' command line. A wrong one is said in one line on standard error and thrown as a
// CommanderError.
import { tmpdir } from "node:os";
import { checkFlags, complaint } from "@raftkit-app/command-line";
import { Command, Option } from "commander";
import type { CatchUpOptions } from "./catch-up/catch-up.js";
import type { CompareOptions } from "./compare/compare.js";
import type { EnduranceOptions } from "./endurance/endurance.js";
import type { LibrariesOptions } from "./libraries/libraries.js";
import { KEYS_MAX } from "./load/keys.js";
import type { GrowthOptions } from "./parts/growth.js";
import type { PartsOptions } from "./parts/parts.js";
import type { OpeningOptions } from "./opening/opening.js";
import { boundsOf, depthsOf, folderOf, only, option, secondsOf } from "./options.js";
import type { FailoverOptions } from "./gaps/failover.js";
import type { RestartGapOptions } from "./gaps/restart-gap.js";
import type { RestartOptions } from "./restart/restart.js";
import type { WritesOptions } from "./writes/writes.js";

export interface ProgramOptions {
  readonly compare: (options: CompareOptions) => Promise<void>;
  readonly parts: (options: PartsOptions) => Promise<void>;
  readonly growth: (options: GrowthOptions) => Promise<void>;
  readonly libraries: (options: LibrariesOptions) => Promise<void>;
  readonly writes: (options: WritesOptions) => Promise<void>;
  readonly opening: (options: OpeningOptions) => Promise<void>;
  readonly endurance: (options: EnduranceOptions) => Promise<void>;
  readonly restart: (options: RestartOptions) => Promise<void>;
  readonly catchUp: (options: CatchUpOptions) => Promise<void>;
  readonly restartGap: (options: RestartGapOptions) => Promise<void>;
  readonly failover: (options: FailoverOptions) => Promise<void>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** How a complaint begins: with who complains. */
export const PROGRAM = "raftkit-bench";

const EXAMPLES = `
Examples:
  npm run bench
  npm run bench -- --quick
  npm run bench -- --peers --in-flight 64,1024
  npm run bench -- writes --in-flight 64 --runs 5
  npm run bench -- writes --log-mib 64,none --in-flight 64,1024
  npm run bench -- parts
  npm run bench -- growth
  npm run bench -- libraries
  npm run bench -- opening --mib 256
  npm run bench -- endurance --writes 200000 --keys 20000
  npm run bench -- restart
  npm run bench -- catch-up --mib 128
  npm run bench -- restart-gap
  npm run bench -- failover --runs 20

Exit codes: 0 measured; 1 it could not be measured; 2 wrong options.`;

export function createProgram(options: ProgramOptions): Command {
  const root = new Command("npm run bench --")
    .description(
      "Measures raftkit: beside etcd (compare, which is run if no other is named), and by itself.",
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: options.print,
      writeErr: options.complain,
      outputError: (text, write) => write(`${complaint(PROGRAM, text)}\n`),
    });
  addCompare(root, options);
  addWrites(root, options);
  addOpening(root, options);
  addEndurance(root, options);
  addRestart(root, options);
  addCatchUp(root, options);
  addRestartGap(root, options);
  addFailover(root, options);
  addParts(root, options);
  addGrowth(root, options);
  addLibraries(root, options);
  root.addHelpText("after", EXAMPLES);
  for (const one of [root, ...root.commands]) checkFlags(one);
  return root;
}

function addCompare(root: Command, { compare }: ProgramOptions): void {
  root
    .command("compare", { isDefault: true })
    .description(
      "Compares raftkit with etcd, if it is installed: three processes each, in turn on " +
        "one file system, with the same durability and the same reads. Puts, linearizable " +
        "reads and a mix; closed and open loop; CPU, memory, syncs.",
    )
    .addOption(inFlightOption("requests", [1, 64, 256, 1024]))
    .addOption(
      option("--seconds <S>", "how long each is counted, after a warm-up", 1, 60).default(4),
    )
    .addOption(option("--runs <N>", "fresh runs of each; medians are printed", 1, 20).default(5))
    .addOption(
      option(
        "--memory-puts <N>",
        "puts before memory is measured, over a tenth as many keys",
        1,
        10_000_000,
      ).default(1_000_000),
    )
    .addOption(
      new Option(
        "--quick",
        "less than three minutes: one run of a second each, and 20,000 puts",
      ).implies({ seconds: 1, runs: 1, memoryPuts: 20_000 }),
    )
    .addOption(
      new Option(
        "--port <NAME>",
        "what raftkit is asked over: the Redis protocol of its server, or an edge of the " +
          "benchmark's own",
      )
        .choices(["redis", "bench"])
        .default("redis"),
    )
    .addOption(
      new Option(
        "--peers",
        "raftkit's runtime beside etcd-io/raft and hashicorp/raft instead, puts alone, over an " +
          "edge of the benchmark's own; needs Go, and the first time fetches their modules",
      ).conflicts("port"),
    )
    .addOption(
      only(
        "--out <DIRECTORY>",
        "a folder for results.json, tables.md and chart.svg",
        String,
      ).default("compare-report"),
    )
    .addOption(dataOption())
    .action(compare);
}

function addWrites(root: Command, { writes }: ProgramOptions): void {
  root
    .command("writes")
    .description(
      "Measures durable writes per second: three server processes (TCP, msgpack, file " +
        "storage, every write synced on a majority) and a loader.",
    )
    .addOption(inFlightOption("writes", [1, 64, 1024]))
    .addOption(
      only(
        "--seconds <S>",
        "how long each is counted, after a warm-up of 1 s (1 to 20)",
        secondsOf(20),
      ).default(4),
    )
    .addOption(runsOption("fresh clusters; medians are printed"))
    .addOption(option("--value-bytes <N>", "size of each value", 1, 100_000).default(100))
    .addOption(option("--keys <N>", "keys that are written in turn", 1, KEYS_MAX).default(10_000))
    .addOption(
      only(
        "--log-mib <LIST>",
        "limits of the log in MiB (1 to 8192, separated by commas); their runs alternate " +
          "and are compared with those of the last one; none: no snapshots",
        boundsOf,
      ).default([null], "none"),
    )
    .addOption(dataOption())
    .action(writes);
}

function addOpening(root: Command, { opening }: ProgramOptions): void {
  root
    .command("opening")
    .description("Measures how long a log takes to open, and how much memory.")
    .addOption(option("--mib <N>", "MiB of entries", 1, 8192).default(1024))
    .addOption(option("--entry-bytes <N>", "size of each entry", 1, 1024 * 1024).default(4096))
    .addOption(runsOption("number of openings"))
    .addOption(dataOption())
    .action(opening);
}

function addEndurance(root: Command, { endurance }: ProgramOptions): void {
  root
    .command("endurance")
    .description(
      "Measures whether disk and memory stay flat over many writes with a bounded log, " +
        "and how its snapshots affect the writes.",
    )
    .addOption(
      option("--writes <N>", "writes to be acknowledged", 1, 1_000_000_000).default(10_000_000),
    )
    .addOption(
      option("--keys <N>", "keys that are written in turn", 1, KEYS_MAX).default(1_000_000),
    )
    .addOption(option("--value-bytes <N>", "size of each value", 1, 100_000).default(100))
    .addOption(option("--in-flight <N>", "writes kept in flight", 1, 4096).default(64))
    .addOption(
      option(
        "--rate <N>",
        "writes per second instead, regardless of unfinished ones; latency counts from " +
          "when each was due",
        1,
        200_000,
      ),
    )
    .addOption(logOption(64))
    .addOption(
      only("--out <DIRECTORY>", "a folder for report.json and chart.svg", String).default(
        "endurance-report",
      ),
    )
    .addOption(dataOption())
    .action(endurance);
}

function addRestart(root: Command, { restart }: ProgramOptions): void {
  root
    .command("restart")
    .description(
      "Measures how long a restarted process with its keys takes until it answers a " +
        "linearizable read.",
    )
    .addOption(option("--keys <N>", "keys in the store", 1, KEYS_MAX).default(1_000_000))
    .addOption(option("--value-bytes <N>", "size of each value", 1, 100_000).default(100))
    .addOption(logOption(64))
    .addOption(runsOption("number of restarts"))
    .addOption(dataOption())
    .action(restart);
}

function addCatchUp(root: Command, { catchUp }: ProgramOptions): void {
  root
    .command("catch-up")
    .description(
      "Measures how a follower that comes back far behind affects the others while it " +
        "gets the leader's snapshot, and how long that takes.",
    )
    .addOption(option("--mib <N>", "MiB of state that the follower lacks", 1, 4096).default(1024))
    .addOption(
      option("--value-bytes <N>", "size of each of its values", 1, 1024 * 1024).default(4096),
    )
    .addOption(option("--rate <N>", "writes of 100 bytes a second", 1, 100_000).default(5000))
    .addOption(option("--reads <N>", "linearizable reads a second", 1, 100_000).default(500))
    .addOption(
      only(
        "--seconds <S>",
        "how long the load is measured before it comes back, and after (1 to 60)",
        secondsOf(60),
      ).default(30),
    )
    .addOption(logOption(256))
    .addOption(dataOption())
    .action(catchUp);
}

function addRestartGap(root: Command, { restartGap }: ProgramOptions): void {
  root
    .command("restart-gap")
    .description(
      "Measures how long no write is acknowledged while three servers are restarted one " +
        "after the other, and then replaced by new ones, and checks that no write is lost " +
        "or executed twice.",
    )
    .addOption(option("--rate <N>", "writes of 100 bytes a second", 1, 100_000).default(2000))
    .addOption(dataOption())
    .action(restartGap);
}

function addFailover(root: Command, { failover }: ProgramOptions): void {
  root
    .command("failover")
    .description(
      "Measures how long no write is acknowledged when the leader ends, on SIGTERM and " +
        "on kill -9: with raftkit's server and, if it is installed, etcd, in turn.",
    )
    .addOption(runsOption("how often each leader is stopped in each way"))
    .addOption(option("--rate <N>", "writes of 100 bytes a second", 1, 10_000).default(500))
    .addOption(
      option("--heartbeat-ms <N>", "how often leaders send heartbeats", 1, 10_000).default(50),
    )
    .addOption(
      option(
        "--election-ms <N>",
        "election timeouts are drawn from this to twice as much; at least five heartbeats",
        10,
        60_000,
      ).default(250),
    )
    .addOption(dataOption())
    .action((options: FailoverOptions, command: Command) => {
      const { heartbeatMs, electionMs } = options;
      // etcd's own rule.
      if (electionMs >= 5 * heartbeatMs) return failover(options);
      return command.error(
        `error: option '--election-ms <N>' argument '${electionMs}' is invalid. Allowed: ` +
          `at least ${5 * heartbeatMs}, five times --heartbeat-ms ${heartbeatMs}.`,
      );
    });
}

function addParts(root: Command, { parts }: ProgramOptions): void {
  root
    .command("parts")
    .description(
      "Measures parts by themselves: the core of three nodes in one process, the log's " +
        "file, codecs, and the checker of histories.",
    )
    .addOption(option("--ms <MS>", "how long each is measured", 10, 60_000).default(1000))
    .addOption(dataOption())
    .action(parts);
}

function addGrowth(root: Command, { growth }: ProgramOptions): void {
  root
    .command("growth")
    .description(
      "Measures how costs grow with nodes, batch size, the log's length, its history and " +
        "the state, prints the slopes, and the CPU of idle nodes.",
    )
    .addOption(option("--scale <N>", "multiplies the sizes", 1, 10).default(1))
    .addOption(dataOption())
    .action(growth);
}

function addLibraries(root: Command, { libraries }: ProgramOptions): void {
  root
    .command("libraries")
    .description(
      "Measures other Raft libraries for JavaScript beside raftkit's core: three nodes " +
        "in one process, nothing on disk. The first time it installs them, outside the " +
        "workspace.",
    )
    .addOption(option("--ms <MS>", "how long each is measured", 10, 60_000).default(2000))
    .action(libraries);
}

function inFlightOption(what: string, depths: readonly number[]): Option {
  return only(
    "--in-flight <LIST>",
    `${what} kept in flight, one measurement each (1 to 4096, separated by commas)`,
    depthsOf,
  ).default(depths, depths.join(","));
}

function runsOption(what: string): Option {
  return option("--runs <N>", what, 1, 20).default(3);
}

function logOption(defaultMib: number): Option {
  return option("--log-mib <N>", "limit of the log in MiB", 1, 8192).default(defaultMib);
}

function dataOption(): Option {
  return only("--data <DIRECTORY>", "an existing folder for the data", folderOf).default(
    tmpdir(),
    "the system's temporary one",
  );
}
