// Members that come and go (paper §6, thesis §4; hazards 23 to 30, 68, 69 and 71): whole clusters,
// and who may do what in them.
import { describe, expect, test } from "vitest";
import { crash, nodeOf, restart, workOnSnapshots } from "../support/cluster.js";
import {
  change,
  changeTo,
  configurationAt,
  join,
  leaderIn,
  membersOf,
  run,
  wipe,
  works,
} from "../support/membership.js";
import type { Changing } from "../support/membership.js";

const THREE = ["n1", "n2", "n3"];

const notice = (changing: Changing, id: string): string[] =>
  changing.effects.flatMap(({ id: at, effect }) =>
    at === id && effect.type === "notice" ? [effect.notice] : [],
  );

const told = (changing: Changing, id: string): unknown[] =>
  changing.effects.flatMap(({ id: at, effect }) =>
    at === id &&
    (effect.type === "removed" || effect.type === "introduced" || effect.type === "failed")
      ? [effect]
      : [],
  );

test("a joiner that knows one address is made a learner, then a voter", () => {
  const changing = membersOf(THREE);
  const n4 = join(changing, "n4");
  const leader = leaderIn(changing);
  expect(leader.raft.status.introductions).toMatchObject([{ id: "n4", rejoin: false }]);
  expect(told(changing, "n4")).toMatchObject([{ verdict: "waiting", leaderId: leader.id }]);
  expect(n4.raft.status.lastIndex).toBe(0);
  expect(change(changing, leader, THREE, ["n4"])).toMatchObject({ type: "accepted" });
  run(changing, 300);
  expect(configurationAt(n4)).toBe("n1,n2,n3 learners=n4");
  expect(n4.applied).toEqual(leader.applied);
  expect(change(changing, leader, [...THREE, "n4"])).toMatchObject({ type: "accepted" });
  run(changing, 300);
  for (const node of changing.cluster.nodes.values()) {
    expect(configurationAt(node)).toBe("n1,n2,n3,n4");
    expect(node.applied).toEqual(leader.applied);
  }
});

test("a learner's acknowledgement and vote count for nothing", () => {
  const changing = membersOf(THREE);
  join(changing, "n4");
  const leader = leaderIn(changing);
  change(changing, leader, THREE, ["n4"]);
  run(changing, 300);
  const others = THREE.filter((id) => id !== leader.id);
  for (const id of others) changing.cut.add(id);
  expect(works(changing, leader)).toBe(false);
  expect(leader.raft.status.role).not.toBe("leader");
  expect(nodeOf(changing.cluster, "n4").raft.status.role).toBe("follower");
});

test("a voter is replaced: both majorities of the joint phase, then one configuration without it", () => {
  const changing = membersOf(THREE);
  join(changing, "n4");
  const leader = leaderIn(changing);
  const gone = THREE.find((id) => id !== leader.id) ?? "";
  const stay = THREE.filter((id) => id !== gone);
  changeTo(changing, [...stay, "n4"]);
  const joint = changing.effects.flatMap(({ id, effect }) =>
    id === leader.id && effect.type === "membership" ? [effect.configuration.outgoing.length] : [],
  );
  // Of a learner, the joint one, the one that leaves it.
  expect(joint).toEqual([0, 0, 3, 0]);
  expect(configurationAt(leader)).toBe([...stay, "n4"].join());
  // The one that left was told, and nobody follows it any more.
  expect(configurationAt(nodeOf(changing.cluster, gone))).toBe([...stay, "n4"].join());
  expect(leader.raft.status.peers.map(({ id }) => id)).not.toContain(gone);
  crash(nodeOf(changing.cluster, gone));
  expect(works(changing, leader)).toBe(true);
});

test("of two voters one is removed, and the other goes on alone (hazard 25)", () => {
  for (const keepsLeader of [true, false]) {
    const changing = membersOf(["n1", "n2"]);
    const leader = leaderIn(changing);
    const stays = ["n1", "n2"].find((id) => (id === leader.id) === keepsLeader) ?? "";
    expect(change(changing, leader, [stays])).toMatchObject({ type: "accepted" });
    run(changing, 2000);
    const last = nodeOf(changing.cluster, stays);
    expect(configurationAt(last)).toBe(stays);
    expect(leaderIn(changing)).toBe(last);
    crash(nodeOf(changing.cluster, stays === "n1" ? "n2" : "n1"));
    expect(works(changing, last)).toBe(true);
  }
});

test("a leader that is removed leads until the change is committed, and no longer (hazard 26)", () => {
  const changing = membersOf([...THREE, "n4"]);
  const leader = leaderIn(changing);
  const others = [...THREE, "n4"].filter((id) => id !== leader.id);
  expect(change(changing, leader, others)).toMatchObject({ type: "accepted" });
  run(changing, 1500);
  expect(leader.raft.status.role).toBe("follower");
  const next = leaderIn(changing);
  expect(others).toContain(next.id);
  expect(configurationAt(next)).toBe(others.join());
  expect(works(changing, next)).toBe(true);
  const { currentTerm } = next.raft.status;
  run(changing, 3000);
  // It disturbs nobody, and knows why (hazard 30).
  expect(next.raft.status).toMatchObject({ role: "leader", currentTerm });
  expect(told(changing, leader.id)).toContainEqual(
    expect.objectContaining({ type: "removed" }) as unknown,
  );
});

test("a leader that leaves hands its leadership on: nobody waits for an election timeout", () => {
  const changing = membersOf([...THREE, "n4"]);
  const leader = leaderIn(changing);
  const others = [...THREE, "n4"].filter((id) => id !== leader.id);
  expect(change(changing, leader, others)).toMatchObject({ type: "accepted" });
  for (let ms = 0; leader.raft.status.role === "leader" && ms < 1500; ms += 5) run(changing, 5);
  expect(leader.raft.status.role).toBe("follower");
  // The smallest election timeout is 150 ms.
  run(changing, 75);
  const leading = others.filter(
    (id) => changing.cluster.nodes.get(id)?.raft.status.role === "leader",
  );
  expect(leading).toHaveLength(1);
});

test("a leader that is to leave doesn't count itself", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  const [a = "", b = ""] = THREE.filter((id) => id !== leader.id);
  changing.cut.add(b);
  // Of the new half {a, b} only a answers; the old half has leader and a.
  expect(change(changing, leader, [a, b])).toMatchObject({ type: "accepted" });
  run(changing, 200);
  expect(leader.raft.status.configuration?.outgoing).toHaveLength(3);
  expect(leader.raft.status.commitIndex).toBeLessThan(leader.raft.status.lastIndex);
  changing.cut.delete(b);
  run(changing, 1500);
  expect(configurationAt(leaderIn(changing))).toBe([a, b].join());
});

test("the next leader leaves the joint configuration, too (hazard 27)", () => {
  const changing = membersOf([...THREE, "n4", "n5"]);
  const first = leaderIn(changing);
  const others = [...THREE, "n4", "n5"].filter((id) => id !== first.id);
  const [a = "", b = "", c = ""] = others;
  // The new half is {first, a, b}: it is silent, so the joint entry can't be committed.
  changing.cut.add(a);
  changing.cut.add(b);
  const target = [first.id, a, b];
  expect(change(changing, first, target)).toMatchObject({ type: "accepted" });
  run(changing, 100);
  expect(first.raft.status.configuration?.outgoing).toHaveLength(5);
  expect(configurationAt(nodeOf(changing.cluster, c))).toContain("outgoing=");
  crash(first);
  changing.cut.clear();
  run(changing, 4000);
  const second = leaderIn(changing);
  expect(second.id).not.toBe(first.id);
  expect(configurationAt(second)).toBe(target.join());
  expect(target).toContain(leaderIn(changing).id);
});

test("a joint configuration that is only in a snapshot is left, too (hazard 27)", () => {
  const changing = membersOf(THREE, { options: { maxLogBytes: 2 ** 13 } });
  const leader = leaderIn(changing);
  const [a = "", b = ""] = THREE.filter((id) => id !== leader.id);
  join(changing, "n4");
  change(changing, leader, THREE, ["n4"]);
  run(changing, 300);
  // n4 is cut off: the new half {leader, n4} never has a majority, so it stays joint.
  changing.cut.add("n4");
  expect(change(changing, leader, [leader.id, "n4"])).toMatchObject({ type: "accepted" });
  changing.cut.delete("n4");
  run(changing, 30);
  const position = leader.raft.snapshotPositionAt(leader.applied.length);
  expect(position).toBeDefined();
  run(changing, 1000);
  expect(configurationAt(leaderIn(changing))).toBe(`${leader.id},n4`);
  expect([a, b].map((id) => configurationAt(nodeOf(changing.cluster, id)))).toEqual(
    Array.from({ length: 2 }, () => `${leader.id},n4`),
  );
  expect(workOnSnapshots(changing.cluster, leader)).toBe(false);
});

describe("a change is refused, and changes nothing:", () => {
  test("with what the operator needs to know", () => {
    const changing = membersOf(THREE);
    const leader = leaderIn(changing);
    const { lastIndex } = leader.raft.status;
    const index = leader.raft.status.configurationIndex;
    expect(change(changing, leader, [])).toEqual({ type: "noVoter" });
    expect(change(changing, leader, ["n1", "n1"])).toEqual({ type: "duplicate", ids: ["n1"] });
    expect(change(changing, leader, ["n1"], ["n1"])).toEqual({ type: "duplicate", ids: ["n1"] });
    expect(change(changing, leader, THREE, ["n8", "n9"])).toEqual({
      type: "unknownServer",
      ids: ["n8", "n9"],
    });
    expect(change(changing, leader, THREE, [], index + 1)).toEqual({ type: "stale", index });
    join(changing, "n4");
    expect(change(changing, leader, [...THREE, "n4"])).toMatchObject({
      type: "notCaughtUp",
      id: "n4",
      matchIndex: 0,
    });
    const [a = "", b = ""] = THREE.filter((id) => id !== leader.id);
    changing.cut.add(a);
    run(changing, 290);
    changing.cut.add(b);
    run(changing, 20);
    expect(change(changing, leader, [leader.id, a, b].slice(1))).toMatchObject({
      type: "unreachable",
    });
    expect(leader.raft.status.lastIndex).toBe(lastIndex);
  });

  test("an unchanged one is accepted as it is", () => {
    const changing = membersOf(THREE);
    const leader = leaderIn(changing);
    const { lastIndex } = leader.raft.status;
    expect(change(changing, leader, ["n3", "n1", "n2"])).toEqual({
      type: "accepted",
      index: 1,
      term: 1,
    });
    expect(leader.raft.status.lastIndex).toBe(lastIndex);
  });

  test("while another one is under way, also by two administrators at once", () => {
    const changing = membersOf([...THREE, "n4"]);
    const leader = leaderIn(changing);
    const [a = "", b = "", c = ""] = [...THREE, "n4"].filter((id) => id !== leader.id);
    for (const id of [a, b]) changing.cut.add(id);
    expect(change(changing, leader, [leader.id, a, b])).toMatchObject({ type: "accepted" });
    const index = leader.raft.status.configurationIndex;
    expect(change(changing, leader, [leader.id, a, c], [], 1)).toEqual({
      type: "inProgress",
      index,
    });
  });
});

test("a follower asks the leader, and hears its verdict; without an answer it isn't known", () => {
  const changing = membersOf([...THREE, "n4"]);
  const leader = leaderIn(changing);
  const follower = nodeOf(changing.cluster, leader.id === "n1" ? "n2" : "n1");
  expect(change(changing, follower, [])).toEqual({ type: "noVoter" });
  expect(change(changing, follower, THREE)).toMatchObject({ type: "accepted" });
  run(changing, 1000);
  changing.cut.add(leaderIn(changing).id);
  const other = [...changing.cluster.nodes.values()].find(
    ({ raft: { status } }) => status.leaderId !== null && status.role !== "leader",
  );
  if (!other) throw new Error("nobody follows");
  expect(change(changing, other, THREE.slice(1))).toBeUndefined();
  run(changing, 2000);
  const verdicts = changing.effects.flatMap(({ effect }) =>
    effect.type === "membershipVerdict" ? [effect.verdict.type] : [],
  );
  expect(verdicts.at(-1)).toBe("unknown");
});

test("from one node to five and back to one", () => {
  const changing = membersOf(["n1"]);
  const all = ["n1", "n2", "n3", "n4", "n5"];
  for (const id of all.slice(1)) {
    join(changing, id);
    changeTo(changing, all.slice(0, all.indexOf(id) + 1));
  }
  expect(works(changing, leaderIn(changing))).toBe(true);
  changeTo(changing, ["n5"]);
  run(changing, 1000);
  for (const id of all.slice(0, 4)) crash(nodeOf(changing.cluster, id));
  expect(works(changing, leaderIn(changing))).toBe(true);
  expect(nodeOf(changing.cluster, "n5").applied.length).toBeGreaterThan(5);
});

test("a voter that lost its disk rejoins by itself", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  const lost = nodeOf(changing.cluster, leader.id === "n1" ? "n2" : "n1");
  crash(lost);
  run(changing, 1000);
  wipe(changing, lost);
  run(changing, 3000);
  expect(configurationAt(lost).split(",").sort()).toEqual(THREE);
  expect(lost.raft.status.configuration?.voters.find(({ id }) => id === lost.id)).toMatchObject({
    incarnation: lost.incarnation,
  });
  expect(lost.applied).toEqual(leaderIn(changing).applied);
  expect(works(changing, lost)).toBe(true);
});

test("nobody takes the place of a voter that answers", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  const id = leader.id === "n1" ? "n2" : "n1";
  const before = configurationAt(leader);
  // Another process with its id, which the network leads to the same place.
  const from = { id, incarnation: `${id}-data-directory-2`, run: 1 };
  leader.raft.step(changing.cluster.now, {
    type: "receive",
    from,
    message: {
      type: "introduce",
      to: "",
      term: 0,
      address: `${id}.test:7000`,
      rejoin: true,
      clusterInstance: "",
    },
  });
  run(changing, 500);
  expect(configurationAt(leader)).toBe(before);
  expect(leader.raft.status.configurationIndex).toBe(1);
  expect(notice(changing, leader.id)).toEqual([]);
});

test("a member that is reached elsewhere is followed, one entry for each move", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  const moved = nodeOf(changing.cluster, leader.id === "n1" ? "n2" : "n1");
  crash(moved);
  moved.address = "moved.test:7000";
  restart(moved);
  run(changing, 1000);
  const { configuration, configurationIndex, lastIndex } = leader.raft.status;
  expect(configuration?.voters.find(({ id }) => id === moved.id)?.address).toBe("moved.test:7000");
  expect(configurationIndex).toBe(lastIndex);
  run(changing, 1000);
  expect(leader.raft.status.lastIndex).toBe(lastIndex);
});

test("a sole voter that grew, was wiped and founded anew stops when it meets its cluster (hazard 69)", () => {
  const changing = membersOf(["n1"]);
  for (const [i, id] of ["n2", "n3"].entries()) {
    join(changing, id);
    changeTo(changing, THREE.slice(0, i + 2));
  }
  const n1 = nodeOf(changing.cluster, "n1");
  crash(n1);
  changing.cut.add("n1");
  restart(n1, { wiped: true, bootstrap: ["n1"] });
  run(changing, 1000);
  expect(n1.raft.status.role).toBe("leader");
  changing.cut.delete("n1");
  run(changing, 1000);
  expect(told(changing, "n1").at(-1)).toMatchObject({ error: { code: "STORAGE_LOST" } });
  expect(works(changing, leaderIn(changing))).toBe(true);
});
