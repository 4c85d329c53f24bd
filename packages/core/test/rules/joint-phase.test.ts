// While voters change a majority of both halves decides everything, not commits and votes alone: how
// long a leader leads, reads, leases, what a hung disk means; and whoever is only in the old half is
// needed as long as that is so.
import { expect, test } from "vitest";
import { configurationOf, endTurns, step } from "../support/cluster.js";
import { configurationAt } from "../support/membership.js";
import { hear, persist, sent, solo, soloLeader, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";
import { acknowledge, change, follow, FOUR, readyLeader } from "../support/schedules.js";

const FIVE: readonly string[] = [...FOUR, "n5"];

/** n1 leads; joint at 3: n1 and n2 of the old half, alone, are the new one. */
function joint(): Solo {
  const made = readyLeader(4);
  expect(change(made, ["n1", "n2"])).toMatchObject({ type: "accepted", index: 3 });
  persist(made);
  return made;
}

/** So long these answer every round, with what they had before; nobody else does. */
function answering(made: Solo, ids: readonly string[], ms: number, match = 2): void {
  const until = made.cluster.now + ms;
  while (made.cluster.now < until && made.node.raft.status.role === "leader") {
    timeout(made);
    for (const id of ids) acknowledge(made, id, match);
  }
}

test.each([
  ["the new half alone", ["n2"], "follower"],
  ["the old half alone", ["n3", "n4"], "follower"],
  ["both", ["n2", "n3"], "leader"],
] as const)("a leader that hears %s leads on only by both (check-quorum)", (_, ids, role) => {
  const made = joint();
  answering(made, ids, 700);
  expect(made.node.raft.status.role).toBe(role);
});

test("a candidate isn't elected by the new half alone", () => {
  const made = solo(4);
  follow(made, 2, configurationOf(["n1", "n2"], { outgoing: FOUR }), 1);
  persist(made);
  timeout(made);
  hear(made, "n2", "preVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.currentTerm).toBe(2);
  hear(made, "n4", "preVoteReply", { term: 3, granted: "true" });
  persist(made);
  expect(made.node.raft.status.currentTerm).toBe(3);
  hear(made, "n2", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("candidate");
  hear(made, "n3", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
});

test("nobody has left before the joint phase is over", () => {
  const made = joint();
  const leaving = (): readonly string[] =>
    made.node.raft.status.peers.filter((peer) => peer.isLeaving).map(({ id }) => id);
  expect(leaving()).toEqual([]);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  expect(configurationAt(made.node)).toBe("n1,n2");
  expect(leaving()).toEqual(["n3", "n4"]);
});

test("a read waits for a majority of both halves", () => {
  for (const [first, second] of [
    [["n3", "n4"], "n2"],
    [["n2"], "n4"],
  ] as const) {
    const made = joint();
    made.effects = [];
    step(made.cluster, made.node, { type: "read", id: 1, byLease: false });
    endTurns(made.cluster);
    const { round = 0 } = sent(made, "appendEntries").at(-1) ?? {};
    const answer = (id: string): void =>
      hear(made, id, "appendEntriesReply", {
        term: 2,
        success: "true",
        round,
        match: 2,
        verified: 2,
      });
    const isAnswered = (): boolean => made.effects.some(({ type }) => type === "readReady");
    for (const id of first) answer(id);
    expect(isAnswered()).toBe(false);
    answer(second);
    expect(isAnswered()).toBe(true);
  }
});

test("a lease is promised by a majority of both halves", () => {
  for (const [first, second] of [
    [["n3", "n4"], "n2"],
    [["n2"], "n4"],
  ] as const) {
    const made = soloLeader(4, { options: { leaseDriftRate: 0.01 } });
    persist(made);
    for (const id of FOUR.slice(1)) acknowledge(made, id, 2);
    change(made, ["n1", "n2"]);
    persist(made);
    timeout(made);
    const { round = 0 } = sent(made, "appendEntries").at(-1) ?? {};
    const promise = (id: string): void =>
      hear(made, id, "appendEntriesReply", {
        term: 2,
        success: "true",
        round,
        match: 2,
        verified: 2,
        promised: "true",
      });
    for (const id of first) promise(id);
    expect(made.node.raft.status.hasLease).toBe(false);
    promise(second);
    expect(made.node.raft.status.hasLease).toBe(true);
  }
});

test.each([
  ["the new half alone", ["n2", "n3"], "leader"],
  ["the old half alone", ["n2", "n4", "n5"], "leader"],
  ["both", ["n2", "n3", "n4"], "follower"],
] as const)(
  "a leader whose disk hangs, while %s could go on without it (%#)",
  (_, stored, role) => {
    const made = readyLeader(5);
    expect(change(made, ["n1", "n2", "n3"])).toMatchObject({ type: "accepted", index: 3 });
    // Its own write of that never ends; everybody answers.
    const until = made.cluster.now + 500;
    while (made.cluster.now < until && made.node.raft.status.role === "leader") {
      timeout(made);
      for (const id of FIVE.slice(1)) {
        acknowledge(made, id, stored.some((one) => one === id) ? 3 : 2);
      }
    }
    expect(made.node.raft.status.role).toBe(role);
  },
);

test("a new leader in a joint phase sends to those who are only in the old half, and asks them", () => {
  const made = solo(4);
  follow(made, 2, configurationOf(["n1", "n2"], { outgoing: FOUR }), 1);
  persist(made);
  made.effects = [];
  timeout(made);
  expect(sent(made, "preVote")).toHaveLength(3);
  for (const id of FOUR) hear(made, id, "preVoteReply", { term: 3, granted: "true" });
  persist(made);
  for (const id of FOUR) hear(made, id, "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
  expect(made.node.raft.status.peers).toMatchObject([
    { id: "n2", isLeaving: false },
    { id: "n3", isLeaving: false },
    { id: "n4", isLeaving: false },
  ]);
  // Only with one of them the joint entry is committed, and left.
  persist(made);
  hear(made, "n2", "appendEntriesReply", {
    term: 3,
    success: "true",
    round: 1,
    match: 3,
    verified: 3,
  });
  expect(made.node.raft.status.commitIndex).toBeLessThan(2);
  hear(made, "n4", "appendEntriesReply", {
    term: 3,
    success: "true",
    round: 1,
    match: 3,
    verified: 3,
  });
  expect(configurationAt(made.node)).toBe("n1,n2");
});

test("whoever is only in the old half campaigns, and takes over from the leader, as long as that counts", () => {
  const leaving = (): Solo => {
    const made = solo(4);
    follow(made, 2, configurationOf(["n2", "n3"], { outgoing: FOUR }), 2);
    persist(made);
    made.effects = [];
    return made;
  };
  const made = leaving();
  for (let i = 0; i < 9 && made.node.raft.status.role === "follower"; i++) timeout(made);
  expect(made.node.raft.status.role).toBe("candidate");
  const target = leaving();
  hear(target, "n2", "timeoutNow", { term: 2, round: 9 });
  expect(target.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 3 });
});

test("the joint phase isn't left while a leadership is handed on: the target would lack that entry", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  step(made.cluster, made.node, { type: "transferLeadership", id: 1, target: "n2" });
  endTurns(made.cluster);
  for (const id of ["n3", "n4"]) acknowledge(made, id, 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, lastIndex: 3 });
  expect(sent(made, "timeoutNow")).toEqual([]);
  acknowledge(made, "n2", 3);
  expect(sent(made, "timeoutNow")).toHaveLength(1);
  expect(made.node.raft.status.lastIndex).toBe(3);
  // Called off: this node leads on, and leaves it.
  answering(made, ["n2", "n3", "n4"], 400, 3);
  expect(made.node.raft.status).toMatchObject({ role: "leader", transferringTo: null });
  expect(configurationAt(made.node)).toBe("n1,n2,n3");
});

test("a leader that is left out during a transfer goes to its target, not to whoever is as far", () => {
  const made = readyLeader(4);
  change(made, ["n2", "n3", "n4"]);
  persist(made);
  for (const id of ["n2", "n3", "n4"]) acknowledge(made, id, 3);
  persist(made);
  step(made.cluster, made.node, { type: "transferLeadership", id: 1, target: "n3" });
  made.effects = [];
  for (const id of ["n2", "n3"]) acknowledge(made, id, 4);
  expect(made.node.raft.status).toMatchObject({ role: "follower", commitIndex: 4 });
  const told = made.effects.flatMap((effect) =>
    effect.type === "send" && effect.message.type === "timeoutNow" ? [effect.to] : [],
  );
  expect(told).toEqual(["n3"]);
});
