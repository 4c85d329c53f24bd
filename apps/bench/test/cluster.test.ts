// The servers that benchmarks start, as built: each is a process.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startBenchCluster } from "../dist/cluster/cluster.js";
import { MEASUREMENT_MS, temporaryDirectory } from "./program-run.js";

test(
  "hold no election before the timeout that they are given",
  { timeout: MEASUREMENT_MS },
  async () => {
    // A process inherits these, and the tests' own make it take the sources.
    const { execArgv } = process;
    process.execArgv = [];
    onTestFinished(() => void (process.execArgv = execArgv));
    const timeouts = { heartbeatMs: 100, electionMs: 30_000 };
    const cluster = await startBenchCluster({ parent: temporaryDirectory(), timeouts });
    onTestFinished(() => cluster.close());
    const leader = await cluster.leader();
    const { term } = await leader.ask();
    const { pid = 0 } = leader;
    process.kill(pid, "SIGSTOP");
    // Three times the default timeout.
    await sleep(1000);
    process.kill(pid, "SIGCONT");
    for (const report of await cluster.reports()) expect(report.term).toBe(term);
  },
);
