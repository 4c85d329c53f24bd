// Nodes that make themselves known: whom they ask, and what they are told.
import { expect, test } from "vitest";
import type { TestNode } from "../support/cluster.js";
import { addNode, incarnationOf, nodeOf, step } from "../support/cluster.js";
import { change, changeTo, leaderIn, meet, membersOf, run } from "../support/membership.js";
import type { Changing } from "../support/membership.js";
import { senderOf, tell } from "../support/schedules.js";
import { hear, sent, solo, timeout } from "../support/solo.js";

const THREE = ["n1", "n2", "n3"];
const FIVE = [...THREE, "n4", "n5"];
const OTHER_INSTANCE = "another-cluster-of-the-name";

/** As if a node of this id said who it is. */
function introduceTo(
  { cluster }: Changing,
  node: TestNode,
  id: string,
  address: string = `${id}.test:7000`,
  clusterInstance: string = "",
): void {
  const from = { id, incarnation: `${id}-data-directory-9`, run: 1 };
  const message = { type: "introduce", to: "", term: 0, address, rejoin: false } as const;
  step(cluster, node, { type: "receive", from, message: { ...message, clusterInstance } });
}

const answersTo = (changing: Changing, to: string): string[] =>
  changing.effects.flatMap(({ effect }) =>
    effect.type === "send" && effect.to === to && effect.message.type === "introduced"
      ? [effect.message.verdict]
      : [],
  );

test("a joiner asks each of those that it met in turn: any of them may be gone", () => {
  const changing = membersOf(FIVE);
  const leader = leaderIn(changing);
  const [a = "", b = "", c = ""] = FIVE.filter((id) => id !== leader.id);
  addNode(changing.cluster, "n6", { bootstrap: [], random: () => 0.5 });
  const joiner = nodeOf(changing.cluster, "n6");
  // Whom it meets first is gone when it asks, and so is whom it meets last.
  changing.cut.add(a);
  changing.cut.add(c);
  for (const id of [a, b, c]) meet(changing.cluster, joiner, nodeOf(changing.cluster, id));
  run(changing, 1000);
  expect(leader.raft.status.introductions.map(({ id }) => id)).toEqual(["n6"]);
});

test("a joiner that knows only a node that was removed is sent on to the leader", () => {
  const changing = membersOf([...THREE, "n4"]);
  const removed = nodeOf(changing.cluster, leaderIn(changing).id === "n4" ? "n3" : "n4");
  changeTo(
    changing,
    [...THREE, "n4"].filter((id) => id !== removed.id),
  );
  run(changing, 5000);
  expect(removed.raft.status.leaderId).toBeNull();
  addNode(changing.cluster, "n6", { bootstrap: [], random: () => 0.5 });
  meet(changing.cluster, nodeOf(changing.cluster, "n6"), removed);
  run(changing, 1000);
  const known = leaderIn(changing).raft.status.introductions.map(({ id }) => id);
  expect(known.sort()).toEqual([removed.id, "n6"]);
});

test("a joiner remembers so many that it met, those that it met last", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  addNode(changing.cluster, "n6", { bootstrap: [], random: () => 0.5 });
  const joiner = nodeOf(changing.cluster, "n6");
  for (let i = 100; i < 300; i++) {
    const from = { id: `n${i}`, incarnation: `n${i}-data-directory-1`, run: 1 };
    step(changing.cluster, joiner, { type: "met", from });
  }
  meet(changing.cluster, joiner, leader);
  run(changing, 2000);
  const asked = new Set(
    changing.effects.flatMap(({ id, effect }) =>
      id === "n6" && effect.type === "send" && effect.message.type === "introduce"
        ? [effect.to]
        : [],
    ),
  );
  expect(asked.size).toBeLessThanOrEqual(1 + 16);
  expect(leader.raft.status.introductions.map(({ id }) => id)).toEqual(["n6"]);
});

test("an address is one node's: whoever comes with another's is told, and can't be added", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  introduceTo(changing, leader, "n4", "n2.test:7000");
  expect(answersTo(changing, "n4")).toEqual(["addressTaken"]);
  expect(leader.raft.status.introductions).toEqual([]);
  expect(change(changing, leader, THREE, ["n4"])).toEqual({ type: "unknownServer", ids: ["n4"] });
  // Its own is nobody else's.
  introduceTo(changing, leader, "n4", "n4.test:7000");
  expect(answersTo(changing, "n4")).toEqual(["addressTaken", "waiting"]);
});

test("two joiners at one address aren't both added", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  introduceTo(changing, leader, "n4", "same.test:7000");
  introduceTo(changing, leader, "n5", "same.test:7000");
  expect(change(changing, leader, THREE, ["n4", "n5"])).toEqual({
    type: "duplicate",
    ids: ["n4", "n5"],
  });
});

test("a node with a log of another cluster is told so, and can't be added", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  introduceTo(changing, leader, "n4", "n4.test:7000", OTHER_INSTANCE);
  expect(answersTo(changing, "n4")).toEqual(["otherCluster"]);
  expect(leader.raft.status.introductions).toEqual([]);
  // Its id is a member's, too: that one lost its directory.
  const other = leader.id === "n2" ? "n3" : "n2";
  introduceTo(changing, leader, other, `${other}.test:7000`, OTHER_INSTANCE);
  expect(answersTo(changing, other)).toEqual(["otherInstance"]);
});

test("who leads a cluster of its own hears of another one from whom it meets there", () => {
  const changing = membersOf(THREE);
  const alone = membersOf(["n4"]);
  const n4 = leaderIn(alone);
  const { id, incarnation, run: its } = leaderIn(changing);
  const from = { id, incarnation, run: its };
  step(alone.cluster, n4, { type: "met", from });
  const asked = alone.effects.flatMap(({ effect }) =>
    effect.type === "send" && effect.message.type === "introduce" ? [effect.message] : [],
  );
  const own = n4.raft.status.configuration?.clusterInstance;
  expect(asked).toMatchObject([{ address: n4.address, clusterInstance: own }]);
  const message = { type: "introduced", to: n4.incarnation, term: 1, leader: null } as const;
  step(alone.cluster, n4, {
    type: "receive",
    from,
    message: { ...message, clusterInstance: OTHER_INSTANCE, verdict: "otherCluster" },
  });
  expect(
    alone.effects.flatMap(({ effect }) => (effect.type === "introduced" ? [effect] : [])),
  ).toEqual([{ type: "introduced", by: id, verdict: "otherCluster", leaderId: null }]);
});

test("more members than a configuration holds are refused", () => {
  const changing = membersOf(["n1"]);
  const leader = leaderIn(changing);
  const ids = Array.from({ length: 100 }, (_, i) => `n${i + 2}`);
  for (const id of ids) introduceTo(changing, leader, id);
  const { lastIndex } = leader.raft.status;
  expect(change(changing, leader, ["n1"], ids)).toEqual({ type: "tooMany" });
  expect(leader.raft.status.lastIndex).toBe(lastIndex);
  expect(change(changing, leader, ["n1"], ids.slice(1))).toMatchObject({ type: "accepted" });
});

test("a member that a node of another cluster of that name reaches rejects it, says so, and goes on", () => {
  const made = solo(3);
  const stranger = { id: "n2", incarnation: incarnationOf("n2", 2), run: 1 };
  hear(made, "n2", "preVote", { term: 9, last: "9/9" }, { ...stranger, to: 2 });
  const own = made.node.raft.status.configuration?.clusterInstance;
  expect(sent(made, "introduce")).toMatchObject([{ clusterInstance: own }]);
  made.effects = [];
  const message = { type: "introduced", to: incarnationOf("n1"), term: 9 } as const;
  tell(made, stranger, {
    ...message,
    leader: { id: "n2", address: "elsewhere.test:7000" },
    clusterInstance: OTHER_INSTANCE,
    verdict: "otherInstance",
  });
  expect(made.effects).toEqual([
    { type: "introduced", by: "n2", verdict: "otherInstance", leaderId: "n2" },
  ]);
  // It looks for its own cluster where that is, and may lead it.
  timeout(made);
  expect(made.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 1 });
});

test("a member that is alone stops for no word of its own cluster", () => {
  const made = solo(1);
  tell(made, senderOf("n2"), {
    type: "introduced",
    to: incarnationOf("n1"),
    term: 1,
    leader: null,
    clusterInstance: made.node.raft.status.configuration?.clusterInstance ?? "",
    verdict: "otherInstance",
  });
  expect(made.effects.filter(({ type }) => type === "failed")).toEqual([]);
});
