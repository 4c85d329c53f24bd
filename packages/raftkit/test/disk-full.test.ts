// A full disk is told to the caller, in the status, in the metrics' source and to the operator; when
// there is room again, commands are taken without a restart.
import { describe, expect, onTestFinished, test } from "vitest";
import { createNode, NotProposed } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import { partsOf, startCluster, stop } from "./support/cluster.js";
import { createLines } from "./support/lines.js";
import { createTestNetwork } from "./support/network.js";

async function start(isFull = false) {
  const clock = createVirtualClock();
  const logger = createLines();
  const { options, log } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
  log.isFull = isFull;
  const node = await clock.outcome(createNode({ ...options, logger }));
  onTestFinished(() => clock.outcome(node.close()));
  await clock.until(() => node.status().role === "leader" && node.status().lastApplied >= 2);
  return { clock, logger, node, log };
}

describe("a full disk", () => {
  test("is told as it is, at once, and once in the log; reads go on; so is its end", async () => {
    const { clock, logger, node, log } = await start();
    expect(await clock.outcome(node.propose("a"))).toBe(1);
    expect(node.status().diskFull).toBe(false);
    log.onSpace(true);
    expect(node.status().diskFull).toBe(true);
    for (let i = 0; i < 3; i++) {
      const error: unknown = await clock.outcome(
        node.propose("b").catch((reason: unknown) => reason),
      );
      expect(error).toBeInstanceOf(NotProposed);
      expect(error).toMatchObject({ reason: "diskFull", outcome: "notProposed" });
      expect(String(error)).toMatch(/the leader's disk is full.*free space.*try again/);
    }
    expect(await clock.outcome(node.read("q"))).toBe("q: a");
    expect(logger.matching(/the disk has room only for/)).toMatchObject([{ level: "warn" }]);
    log.onSpace(false);
    expect(node.status().diskFull).toBe(false);
    expect(await clock.outcome(node.propose("b"))).toBe(2);
    expect(logger.matching(/the disk has room again/)).toHaveLength(1);
    expect(logger.matching(/the disk has room only for/)).toHaveLength(1);
  });

  test("that the opening found is known to the node from its start", async () => {
    const { clock, node } = await start(true);
    expect(node.status()).toMatchObject({ diskFull: true, role: "leader" });
    await expect(clock.outcome(node.propose("a"))).rejects.toMatchObject({ reason: "diskFull" });
  });

  test("of a leader is told to the callers of every node; of a follower it hinders nobody", async () => {
    const cluster = await startCluster();
    onTestFinished(() => stop(cluster));
    const { clock, leader, followers } = cluster;
    leader.log.onSpace(true);
    await expect(clock.outcome(followers[0].node.propose("a"))).rejects.toMatchObject({
      reason: "diskFull",
    });
    expect(followers[0].node.status().diskFull).toBe(false);
    leader.log.onSpace(false);
    followers[0].log.onSpace(true);
    expect(await clock.outcome(followers[0].node.propose("a"))).toBe(1);
    expect(followers[0].node.status().diskFull).toBe(true);
  });
});
