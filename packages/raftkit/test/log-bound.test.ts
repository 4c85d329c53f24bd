// A full log is told to the caller, in the status and to the operator.
import { describe, expect, onTestFinished, test } from "vitest";
import type { Effect, Input, RaftStatus } from "@raftkit/core";
import { Raft } from "@raftkit/core";
import { NotProposed } from "raftkit";
import { Node } from "../src/node.js";
import { checkOptions } from "../src/options.js";
import { createVirtualClock } from "./support/clock.js";
import { partsOf, startCluster, stop } from "./support/cluster.js";
import { createLines } from "./support/lines.js";
import { createTestNetwork } from "./support/network.js";

describe("a full log", () => {
  /** Refuses proposals while it is told to. */
  class FullRaft extends Raft {
    full = true;
    shorterBytes = 0;

    override get status(): RaftStatus {
      const status = super.status;
      return { ...status, logBytes: status.logBytes - this.shorterBytes };
    }

    override step(now: number, input: Input): readonly Effect[] {
      if (input.type !== "propose" || !this.full) return super.step(now, input);
      const { firstSeq, commands } = input;
      return [{ type: "rejected", firstSeq, count: commands.length, reason: "logFull" }];
    }
  }

  test("is told as it is: to the caller, in the status, and once in the log; its end, too", async () => {
    const clock = createVirtualClock();
    const logger = createLines();
    const { options } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
    const settings = checkOptions({ ...options, logger, maxLogBytes: 5000 });
    const { bootstrap } = options.cluster;
    const { incarnation, run, ...opened } = await options.storage.log.open({
      clusterId: "test",
      nodeId: "n1",
      codec: "json",
    });
    const self = { id: "n1", incarnation, run };
    const raft = new FullRaft(
      {
        ...settings,
        ...self,
        address: "n1.test:1",
        clusterInstance: "cluster-instance-1",
        bootstrap,
      },
      {
        ...opened,
        snapshot: null,
        damagedSnapshotIndex: 0,
        applied: 0,
      },
    );
    const found = { snapshots: undefined, damagedSnapshotIndex: 0, applied: 0 };
    const node = new Node(options, settings, raft, self, found);
    node.begin();
    onTestFinished(() => clock.outcome(node.close()));
    await clock.until(() => node.status().role === "leader" && node.status().lastApplied >= 2);
    expect(node.status()).toMatchObject({ logFull: false, maxLogBytes: 5000 });
    for (let i = 0; i < 3; i++) {
      const error: unknown = await clock.outcome(
        node.propose("a").catch((reason: unknown) => reason),
      );
      expect(error).toBeInstanceOf(NotProposed);
      expect(error).toMatchObject({ reason: "logFull" });
      expect(String(error)).toMatch(
        /maxLogBytes, is 5000 bytes.*storage\.snapshots; without it.*raise/,
      );
      expect(String(error)).not.toMatch(/try again/);
    }
    expect(node.status().logFull).toBe(true);
    expect(logger.matching(/the log is full/)).toMatchObject([
      {
        level: "error",
        fields: { maxLogBytes: 5000 },
        message: expect.stringMatching(/raise maxLogBytes/),
      },
    ]);
    raft.full = false;
    expect(await clock.outcome(node.propose("a"))).toBe(1);
    expect(node.status().logFull).toBe(true);
    expect(logger.matching(/the log has room again/)).toHaveLength(0);
    raft.shorterBytes = 700;
    expect(await clock.outcome(node.propose("a"))).toBe(2);
    expect(node.status().logFull).toBe(false);
    expect(logger.matching(/the log has room again/)).toHaveLength(1);
  });

  test("is known without a refusal when not even an empty command fits", async () => {
    const cluster = await startCluster(1, { maxLogBytes: 1100 });
    onTestFinished(() => stop(cluster));
    const { clock, leader } = cluster;
    expect(leader.node.status().logFull).toBe(false);
    await clock.outcome(leader.node.propose("a"));
    await clock.outcome(leader.node.propose("b".repeat(40)).catch(() => {}));
    expect(leader.node.status()).toMatchObject({ maxLogBytes: 1100, logFull: true });
  });
});
