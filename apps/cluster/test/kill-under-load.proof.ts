// Real processes, real kill -9, under load: no acknowledged write is lost, and writes go on soon.
// With RAFTKIT_KILLS the leader is killed so many times; the recovery times are printed, for the
// README's figures. For the proof alone (`npm run proof -- all --only long-tests`).
import { expect, test, vi } from "vitest";
import { changeNode } from "../src/cli/control-client.js";
import type { UpCluster } from "./support/cluster.js";
import { up } from "./support/cluster.js";
import { temporaryDirectory } from "./support/environment.js";
import { readAll, startSteadyLoad } from "./support/steady-load.js";

const kills = Number(process.env["RAFTKIT_KILLS"] ?? 3);
const PATIENCE = { timeout: 20_000, interval: 20 };

test(
  `the leader is killed ${kills} times under 100 writes in flight: nothing acknowledged is lost`,
  { timeout: 60_000 + kills * 15_000 },
  async () => {
    const cluster = await up(["--data", temporaryDirectory(), "--fresh"]);
    const urls = [1, 2, 3].map((number) => cluster.http(number));
    const load = startSteadyLoad(urls, 100);
    const recoveriesMs: number[] = [];
    try {
      await load.recovery();
      for (let i = 0; i < kills; i++) {
        const victim = await leaderOf(cluster);
        await changeNode(cluster.httpBase, victim, "kill");
        // It is dead: only a write that begins from now on counts.
        recoveriesMs.push(await load.recovery());
        await changeNode(cluster.httpBase, victim, "restart");
        await caughtUp(cluster, victim);
      }
    } finally {
      await load.stop();
    }
    console.log(
      `${load.acknowledged.size} acknowledged writes; writes went on after ${recoveriesMs.map((ms) => ms.toFixed(0)).join(", ")} ms`,
    );
    expect(load.acknowledged.size).toBeGreaterThan(kills * 100);
    for (const url of urls) expect(missing(load.acknowledged, await readAll(url))).toEqual([]);
  },
);

test(
  "all nodes are killed at once under load and started again: nothing acknowledged is lost",
  { timeout: 90_000 },
  async () => {
    const data = temporaryDirectory();
    const cluster = await up(["--data", data, "--fresh"]);
    const load = startSteadyLoad(
      [1, 2, 3].map((number) => cluster.http(number)),
      100,
    );
    await vi.waitFor(() => expect(load.acknowledged.size).toBeGreaterThan(1000), PATIENCE);
    for (const pid of await cluster.pids()) process.kill(pid, "SIGKILL");
    await load.stop();
    for (const number of ["1", "2", "3"]) await changeNode(cluster.httpBase, number, "restart");
    await leaderOf(cluster);
    for (const number of [1, 2, 3]) {
      expect(missing(load.acknowledged, await readAll(cluster.http(number)))).toEqual([]);
    }
  },
);

function missing(
  acknowledged: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  return [...acknowledged].filter(([key, value]) => found.get(key) !== value).map(([key]) => key);
}

/** The id of the node that leads in the latest term and has committed in it. */
async function leaderOf(cluster: UpCluster): Promise<string> {
  return vi.waitFor(async () => {
    const nodes = await cluster.nodes();
    const term = Math.max(...nodes.map(({ status }) => status?.term ?? 0));
    const leader = nodes.find(({ status }) => status?.role === "leader" && status.term === term);
    if (!leader) throw new Error("there is no leader");
    return leader.id;
  }, PATIENCE);
}

/** Waits until the node has applied what was committed when it came back. */
async function caughtUp(cluster: UpCluster, id: string): Promise<void> {
  const goal = Math.max(...(await cluster.nodes()).map(({ status }) => status?.commitIndex ?? 0));
  await vi.waitFor(async () => {
    const node = (await cluster.nodes()).find((one) => one.id === id);
    expect(node?.status?.lastApplied ?? 0).toBeGreaterThanOrEqual(goal);
  }, PATIENCE);
}
