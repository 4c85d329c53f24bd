// Real nodes that are restarted, replaced and removed from the dashboard. For the proof alone
// (`npm run proof -- all --only long-tests`): three long commands in a row.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { noBrowser } from "@raftkit-app/browser";
import { expect, test } from "vitest";
import { up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";
import {
  happened,
  isTold,
  leaderIn,
  nodeIn,
  openPage,
  PREPARE_MS,
  press,
  select,
  startBrowser,
  urlOf,
} from "./support/dashboard-page.js";
import { isRunning, temporaryDirectory } from "./support/environment.js";

const pidOf = async (cluster: UpCluster, id: string): Promise<number> =>
  (await cluster.nodes()).find((node) => node.id === id)?.pid ?? 0;

test.skipIf(noBrowser !== undefined)(
  "restarts, replaces and removes real nodes",
  { timeout: 2 * PREPARE_MS },
  async () => {
    await using browser = await startBrowser();
    const data = temporaryDirectory();
    const cluster = await up(["--data", data]);
    const page = await openPage(browser, urlOf(cluster));
    const first = await leaderIn(page);
    const [follower = ""] = ["n1", "n2", "n3"].filter((id) => id !== first);

    const before = await cluster.pids();
    await press(page, "Restart all in turn");
    await isTold(page, "all 3 nodes were restarted");
    expect(before.filter(isRunning)).toEqual([]);
    expect((await cluster.pids()).filter(isRunning)).toHaveLength(3);

    const replaced = await pidOf(cluster, follower);
    await select(page, follower);
    await press(page, "Replace");
    await isTold(page, `n4 replaced ${follower}`);
    await nodeIn(page, /^n4 term \d+ (follower|leader)$/).waitFor();
    await nodeIn(page, new RegExp(`^${follower} `)).waitFor({ state: "detached" });
    expect([isRunning(replaced), existsSync(join(data, follower))]).toEqual([false, false]);

    const leader = await leaderIn(page);
    const removed = await pidOf(cluster, leader);
    await select(page, leader);
    await press(page, "Remove");
    await isTold(page, `${leader} left the cluster`);
    await nodeIn(page, new RegExp(`^${leader} `)).waitFor({ state: "detached" });
    expect([isRunning(removed), existsSync(join(data, leader))]).toEqual([false, false]);
    await happened(page, /n\d, n\d vote$/);
    await leaderIn(page);
  },
);
