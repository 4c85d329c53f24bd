// A node that comes back on its data.
import { expect, onTestFinished, test } from "vitest";
import { createNode } from "raftkit";
import { partsOf, startCluster, stop } from "./support/cluster.js";

test("a node that restarts carries on from its log", async () => {
  const started = await startCluster();
  const {
    clock,
    network,
    leader,
    followers: [follower, other],
  } = started;
  onTestFinished(() => stop(started));
  await clock.outcome(leader.node.propose("a"));
  await clock.outcome(follower.node.close());
  await clock.outcome(leader.node.propose("b"));
  const again = partsOf(clock, network, follower.id, ["n1", "n2", "n3"]);
  const node = await createNode({ ...again.options, storage: { log: follower.log } });
  await clock.until(() => node.status().leaderId !== null);
  expect(await clock.outcome(node.read("q"))).toBe("q: a,b");
  expect(node.status()).toMatchObject({ run: 2, incarnation: "n2-data-directory-1" });
  expect(other.machine.commands).toEqual(["a", "b"]);
  await clock.outcome(node.close());
});
