// A follower that comes back far behind gets the leader's snapshot while writes and reads go on:
// what that costs them, and the leader's memory.
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchServer } from "../cluster/bench-server.js";
import { startBenchCluster } from "../cluster/cluster.js";
import type { BenchCluster } from "../cluster/cluster.js";
import type { BenchReport } from "../cluster/ipc.js";
import { Client } from "../load/client.js";
import { runClosedLoop } from "../load/closed-loop.js";
import { Load } from "./load.js";
import { phaseOf } from "./phase.js";
import type { Phase } from "./phase.js";
import { printCatchUp } from "./print.js";

export interface CatchUpOptions {
  /** Of the state. */
  readonly mib: number;
  /** Of the values that make up the state. */
  readonly valueBytes: number;
  /** Writes a second, of 100 bytes. */
  readonly rate: number;
  /** Linearizable reads a second. */
  readonly reads: number;
  /** How long the load is measured before the follower comes back, and after. */
  readonly seconds: number;
  readonly logMib: number;
  /** An existing folder. */
  readonly data: string;
}

const MIB = 1024 * 1024;
const FILL_IN_FLIGHT = 64;
const POLL_MS = 200;
const CATCH_UP_LIMIT_MS = 10 * 60_000;
/** Not measured: the first seconds of a load are those of a program that warms up. */
const WARMUP_MS = 2000;

export async function measureCatchUp(
  options: CatchUpOptions,
  print: (line: string) => void,
): Promise<void> {
  const cluster = await startBenchCluster({
    parent: options.data,
    maxLogBytes: options.logMib * MIB,
    watchesBlocks: true,
  });
  try {
    const leader = await cluster.leader();
    const follower = cluster.servers.find((server) => server !== leader);
    if (!follower) throw new Error("there is no follower");
    const client = await Client.connect(leader.settings.port);
    try {
      const run = new Run({ options, print, cluster, leader, follower, client });
      await Promise.race([run.run(), client.lost]);
    } finally {
      client.close();
    }
  } finally {
    await cluster.close();
  }
}

interface Parts {
  readonly options: CatchUpOptions;
  readonly print: (line: string) => void;
  readonly cluster: BenchCluster;
  readonly leader: BenchServer;
  readonly follower: BenchServer;
  readonly client: Client;
}

class Run {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { options, print, leader, follower, client } = this.#parts;
    await follower.ask();
    await follower.stop();
    const stateKeys = await this.#fill();
    const { snapshotIndex, snapshotBytes, baseIndex } = await leader.ask("snapshot");
    print(
      `${stateKeys} keys with values of ${options.valueBytes} B; the leader's snapshot ` +
        `at ${snapshotIndex} has ${(snapshotBytes / MIB).toFixed(0)} MiB, its log begins ` +
        `after ${baseIndex}; ${follower.settings.id} is stopped`,
    );
    const load = new Load(client, stateKeys, options);
    try {
      await sleep(WARMUP_MS);
      const termBefore = (await leader.ask()).term;
      const someTime = async (_: BenchReport, sinceMs: number): Promise<boolean> =>
        sinceMs >= options.seconds * 1000;
      const before = await this.#phase(load, someTime);
      follower.start();
      const during = await this.#phase(load, this.#hasCaughtUp());
      const after = await this.#phase(load, someTime);
      const [leaderNow, followerNow] = [await leader.ask(), await follower.ask()];
      printCatchUp(print, {
        before,
        during,
        after,
        installed: followerNow.snapshots.installed,
        termChanges: leaderNow.term - termBefore,
        stillLeads: leaderNow.role === "leader",
        followerRssBytes: followerNow.memory.rss,
      });
    } finally {
      load.stop();
    }
  }

  /** @returns how many keys it wrote */
  async #fill(): Promise<number> {
    const { options, client } = this.#parts;
    const keys = Math.max(1, Math.round((options.mib * MIB) / options.valueBytes));
    await runClosedLoop({
      client,
      inFlight: FILL_IN_FLIGHT,
      keys,
      value: Buffer.alloc(options.valueBytes, "x"),
      requests: keys,
    });
    return keys;
  }

  /** @param isOver asked after each of the leader's reports */
  async #phase(
    load: Load,
    isOver: (leader: BenchReport, sinceMs: number) => Promise<boolean>,
  ): Promise<Phase> {
    const { leader } = this.#parts;
    const begin = performance.now();
    await leader.ask(); // what is counted since the last report begins now
    load.reset();
    const reports: BenchReport[] = [];
    for (;;) {
      await sleep(POLL_MS);
      const report = await leader.ask();
      reports.push(report);
      const sinceMs = performance.now() - begin;
      if (await isOver(report, sinceMs)) {
        return phaseOf(reports, load.figures(), sinceMs / 1000);
      }
      if (sinceMs > CATCH_UP_LIMIT_MS) {
        throw new Error(
          `the follower hasn't caught up after ${CATCH_UP_LIMIT_MS / 60_000} minutes; ` +
            "the servers' output is above",
        );
      }
    }
  }

  /** It has applied what the leader had committed at the report before this one. */
  #hasCaughtUp(): (leader: BenchReport) => Promise<boolean> {
    const { follower } = this.#parts;
    let isListening = false;
    let committed = Infinity;
    const failed = follower.listening().then(() => void (isListening = true));
    failed.catch(() => {});
    return async ({ commitIndex }) => {
      // One that ended by itself says so here.
      if (!follower.isRunning) await failed;
      const wanted = committed;
      committed = commitIndex;
      return isListening && (await follower.ask()).lastApplied >= wanted;
    };
  }
}
