// `rolling-restart`: with stand-ins for servers its order and its words, with real ones under load
// that nothing acknowledged is lost.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { changeNode } from "../src/cli/control-client.js";
import { runCommand } from "./support/command.js";
import { up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";
import { fakeServer, temporaryDirectory } from "./support/environment.js";
import { readAll, startSteadyLoad } from "./support/steady-load.js";

function rollingRestart({ httpBase }: UpCluster): Promise<[number, string]> {
  return runCommand("rolling-restart", "--http-base", String(httpBase));
}

/** When the node's latest process started, and when it was ready. */
function times(data: string, id: string): { startedAt: number; readyAt: number } {
  const lines = readFileSync(join(data, "logs", `${id}.log`), "utf8")
    .trim()
    .split("\n");
  const found = lines.map((line) => JSON.parse(line) as Record<string, number | undefined>);
  const last = (name: string): number =>
    found.findLast((line) => line[name] !== undefined)?.[name] ?? Number.NaN;
  return { startedAt: last("startedAt"), readyAt: last("readyAt") };
}

test("one node at a time, the leader last, each once the one before is ready", async () => {
  const data = temporaryDirectory();
  const cluster = await up(["--data", data], { RAFTKIT_SERVER_MAIN: fakeServer });
  const before = await cluster.pids();
  const [code, output] = await rollingRestart(cluster);
  expect([code, output.split("\n")]).toEqual([
    0,
    [
      expect.stringMatching(
        /^n2 is running again, process \d+, and has caught up after [\d.]+ s \(1 of 3\)$/,
      ),
      expect.stringMatching(
        /^n3 is running again, process \d+, and has caught up after [\d.]+ s \(2 of 3\)$/,
      ),
      expect.stringMatching(
        /^n1, the former leader, is running again, process \d+, and has caught up after [\d.]+ s \(3 of 3\)$/,
      ),
      expect.stringMatching(/^all 3 nodes were restarted in [\d.]+ s; n1 leads in term 7$/),
      "",
    ],
  ]);
  const [n1, n2, n3] = ["n1", "n2", "n3"].map((id) => times(data, id));
  expect(n3?.startedAt).toBeGreaterThanOrEqual(n2?.readyAt ?? Infinity);
  expect(n1?.startedAt).toBeGreaterThanOrEqual(n3?.readyAt ?? Infinity);
  const after = await cluster.pids();
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

test("refuses while a node is down, and restarts none", async () => {
  const cluster = await up(["--data", temporaryDirectory()], { RAFTKIT_SERVER_MAIN: fakeServer });
  await changeNode(cluster.httpBase, "2", "kill");
  const before = await cluster.pids();
  expect(await rollingRestart(cluster)).toEqual([
    1,
    "raftkit-cluster: n2 isn't running; first restart the nodes that are down, so that a majority is always up\n",
  ]);
  expect(await cluster.pids()).toEqual(before);
});

test(
  "real servers under 50 writes in flight: nothing acknowledged is lost",
  { timeout: 120_000 },
  async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const urls = [1, 2, 3].map((number) => cluster.http(number));
    const load = startSteadyLoad(urls, 50);
    try {
      await load.recovery();
      const [code, output] = await rollingRestart(cluster);
      expect([code, output]).toEqual([0, expect.stringContaining("all 3 nodes were restarted")]);
      await load.recovery();
    } finally {
      await load.stop();
    }
    for (const url of urls) {
      const found = await readAll(url);
      const lost = [...load.acknowledged].filter(([key, value]) => found.get(key) !== value);
      expect(lost).toEqual([]);
    }
  },
);
