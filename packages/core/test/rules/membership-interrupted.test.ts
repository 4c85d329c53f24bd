// Changes of the members that end half-way: with the leader that began them, beside a transfer, or
// while somebody was cut off. Everybody can be named again, and nobody has to wait.
import { expect, test } from "vitest";
import { crash, endTurns, nodeOf, step } from "../support/cluster.js";
import { change, configurationAt, join, leaderIn, membersOf, run } from "../support/membership.js";
import { settle } from "../support/scene.js";

const THREE = ["n1", "n2", "n3"];
const FOUR = [...THREE, "n4"];

test("a joiner whose entry is lost with its leader can be named again", () => {
  const changing = membersOf(THREE);
  const joiner = join(changing, "n4");
  const leader = leaderIn(changing);
  const others = THREE.filter((id) => id !== leader.id);
  // The entry reaches the joiner alone.
  for (const id of others) changing.cut.add(id);
  expect(change(changing, leader, THREE, ["n4"])).toMatchObject({ type: "accepted" });
  run(changing, 60);
  expect(configurationAt(joiner)).toBe("n1,n2,n3 learners=n4");
  crash(leader);
  for (const id of others) changing.cut.delete(id);
  expect(leaderIn(changing).id).not.toBe(leader.id);
  run(changing, 3000);
  expect(change(changing, leaderIn(changing), THREE, ["n4"])).toMatchObject({ type: "accepted" });
  run(changing, 1000);
  expect(joiner.raft.status.leaderId).toBe(leaderIn(changing).id);
});

test.each([
  ["voter", FOUR, [] as string[]],
  ["learner", THREE, ["n4"]],
])(
  "a %s that was removed while it was cut off is told, and can be added again",
  (_, voters, learners) => {
    const changing = membersOf(voters);
    if (learners.length > 0) {
      join(changing, "n4");
      change(changing, leaderIn(changing), voters, learners);
      run(changing, 500);
    }
    const leader = leaderIn(changing);
    const out = leader.id === "n4" ? "n3" : "n4";
    const rest = voters.filter((id) => id !== out);
    changing.cut.add(out);
    expect(change(changing, leader, rest)).toMatchObject({ type: "accepted" });
    run(changing, 5000);
    changing.cut.delete(out);
    run(changing, 5000);
    expect(nodeOf(changing.cluster, out).raft.status.removedAt).toBeGreaterThan(0);
    expect(change(changing, leaderIn(changing), rest, [out])).toMatchObject({ type: "accepted" });
  },
);

test("a removed member makes itself known though the node that it met first is gone", () => {
  const changing = membersOf(THREE);
  join(changing, "n4");
  const contact = leaderIn(changing);
  expect(change(changing, contact, THREE, ["n4"])).toMatchObject({ type: "accepted" });
  run(changing, 500);
  expect(change(changing, contact, THREE)).toMatchObject({ type: "accepted" });
  run(changing, 500);
  crash(contact);
  leaderIn(changing);
  run(changing, 5000);
  expect(leaderIn(changing).raft.status.introductions.map(({ id }) => id)).toContain("n4");
});

test("no change is taken while a leadership is handed on: its entry would lose the target the election", () => {
  const changing = membersOf(THREE);
  join(changing, "n4");
  const leader = leaderIn(changing);
  run(changing, 200);
  const target = THREE.find((id) => id !== leader.id) ?? "";
  step(changing.cluster, leader, { type: "transferLeadership", id: 1, target });
  endTurns(changing.cluster);
  expect(change(changing, leader, THREE, ["n4"])).toEqual({ type: "notReady" });
  expect(leaderIn(changing).id).toBe(target);
});

test("a leader that leaves goes to whom its transfer was accepted for", () => {
  const changing = membersOf(FOUR);
  const leader = leaderIn(changing);
  run(changing, 300);
  const rest = FOUR.filter((id) => id !== leader.id);
  const target = rest.at(-1) ?? "";
  const { configurationIndex: expected } = leader.raft.status;
  step(changing.cluster, leader, {
    type: "changeMembership",
    id: 900,
    expected,
    voters: rest,
    learners: [],
  });
  step(changing.cluster, leader, { type: "transferLeadership", id: 901, target });
  settle(changing);
  run(changing, 2000);
  expect(leaderIn(changing).id).toBe(target);
  expect(configurationAt(leaderIn(changing))).toBe(rest.join());
});
