// A full log is told to the caller, in the status and to the operator; the next snapshot ends it.
import { describe, expect, onTestFinished, test } from "vitest";
import { NotProposed } from "raftkit";
import { startCluster, stop } from "./support/cluster.js";
import { one, start } from "./support/keepers.js";
import { createLines } from "./support/lines.js";

/** A command of so many bytes counts for 270 more. */
const QUOTED = 270;

/** What `propose` refuses, or undefined. */
function refusalOf(proposing: Promise<unknown>): Promise<unknown> {
  return proposing.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a full log", () => {
  test("is told as it is: to the caller, in the status, and once in the log; its end, too", async () => {
    const logger = createLines();
    const world = await start(1, { logger, maxLogBytes: 10_000 });
    const { clock } = world;
    const { node, snapshots } = one(world);
    snapshots.fails = (call) => (call === "commit" ? new Error("ENOSPC") : undefined);
    const large = "x".repeat(4000);
    for (let i = 0; i < 2; i++) await clock.outcome(node.propose(large));
    expect(node.status()).toMatchObject({ logFull: false, maxLogBytes: 10_000 });
    for (let i = 0; i < 3; i++) {
      const error = await clock.outcome(refusalOf(node.propose(large)));
      expect(error).toBeInstanceOf(NotProposed);
      expect(error).toMatchObject({ reason: "logFull" });
      expect(String(error)).toMatch(
        /the leader's log has no room.*maxLogBytes.*storage\.snapshots; without it.*raise/,
      );
    }
    expect(node.status().logFull).toBe(true);
    expect(logger.matching(/log of this leader has reached its limit/)).toMatchObject([
      { level: "warn", message: expect.stringMatching(/raise maxLogBytes/) },
    ]);
    // A smaller command may find room: that is no end of it.
    await clock.outcome(node.propose("a"));
    expect(node.status().logFull).toBe(true);
    expect(logger.matching(/the log has room again/)).toHaveLength(0);
    snapshots.fails = () => undefined;
    await clock.until(() => !node.status().logFull, "the next attempt to save a snapshot");
    expect(logger.matching(/the log has room again/)).toHaveLength(1);
    await clock.outcome(node.propose(large));
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

  test("of the leader leaves a follower that forwards ready, and not full", async () => {
    const world = await start(3, { maxLogBytes: 10_000 });
    const { clock, all } = world;
    const leader = all.find(({ node }) => node.status().role === "leader") ?? one(world);
    const follower = all.find(({ node }) => node.status().role === "follower") ?? one(world);
    leader.snapshots.fails = (call) => (call === "commit" ? new Error("ENOSPC") : undefined);
    const large = "x".repeat(4000);
    for (let i = 0; i < 2; i++) await clock.outcome(follower.node.propose(large));
    const error = await clock.outcome(refusalOf(follower.node.propose(large)));
    expect(error).toMatchObject({ reason: "logFull" });
    expect(leader.node.status().logFull).toBe(true);
    expect(follower.node.status().logFull).toBe(false);
    await clock.outcome(follower.node.ready());
    leader.snapshots.fails = () => undefined;
    await clock.until(() => !leader.node.status().logFull, "a snapshot of the leader");
    await clock.outcome(follower.node.propose(large));
  });

  test("ends also if all that fills it was applied while a snapshot was under way", async () => {
    const world = await start(1, { maxLogBytes: 10_000 });
    const { clock } = world;
    const { node, snapshots } = one(world);
    let release = (): void => {};
    snapshots.writing = () => new Promise((resolve) => (release = resolve));
    const taking = node.snapshot();
    await clock.until(() => snapshots.calls.includes("write"), "the first piece");
    const large = "x".repeat(4000);
    for (let i = 0; i < 2; i++) await clock.outcome(node.propose(large));
    expect(await clock.outcome(refusalOf(node.propose(large)))).toMatchObject({
      reason: "logFull",
    });
    snapshots.writing = () => Promise.resolve();
    release();
    await clock.outcome(taking);
    await clock.until(() => !node.status().logFull, "the next snapshot");
    await clock.outcome(node.propose(large));
  });

  test.each([1, 2, 3, 4])(
    "finds room for the very command that it refused, though nothing else is proposed (%i)",
    async (seed) => {
      const maxLogBytes = 4000;
      const world = await start(1, { maxLogBytes });
      const { clock } = world;
      const { node } = one(world);
      let refused = 0;
      let state = seed;
      const draw = (): string => {
        state = (state * 48_271) % 2_147_483_647;
        return "x".repeat(state % (maxLogBytes / 2 - QUOTED + 1));
      };
      const isRefused = async (command: string): Promise<boolean> => {
        const error = await refusalOf(node.propose(command));
        if (error !== undefined) expect(error).toMatchObject({ reason: "logFull" });
        return error !== undefined;
      };
      for (let i = 0; i < 20; i++) {
        const commands = [draw(), draw(), draw()];
        const outcomes = await clock.outcome(Promise.all(commands.map(isRefused)));
        for (const command of commands.filter((_, place) => outcomes[place])) {
          refused++;
          await clock.until(() => !node.status().logFull, "room for it");
          expect(await clock.outcome(isRefused(command))).toBe(false);
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
  );
});
