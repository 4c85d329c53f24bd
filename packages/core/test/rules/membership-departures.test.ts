// Who has left, is told so, comes back, or doesn't know yet (hazards 30 and 71): one node, told exactly
// what leads there.
import { expect, test } from "vitest";
import type { Message } from "@raftkit/core";
import { configurationOf, crash, endTurns, incarnationOf, restart } from "../support/cluster.js";
import { configurationAt } from "../support/membership.js";
import { hear, persist, sent, solo, timeout } from "../support/solo.js";
import {
  acknowledge,
  change,
  follow,
  FOUR,
  quiet,
  readyLeader,
  senderOf,
  tell,
} from "../support/schedules.js";

test("a removal is said of a committed configuration only (hazard 71)", () => {
  const made = solo(4);
  follow(made, 2, configurationOf(["n1", "n2", "n3"], { outgoing: FOUR }), 2);
  follow(made, 3, configurationOf(["n1", "n2", "n3"]), 2);
  persist(made);
  quiet(made);
  made.effects = [];
  hear(made, "n4", "preVote", { term: 3, last: "2/2", configuration: 2 });
  expect(sent(made, "removed")).toEqual([]);
  expect(sent(made, "preVoteReply")).toHaveLength(1);
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/2", commit: 3, round: 9 });
  made.effects = [];
  for (const type of ["preVote", "requestVote"] as const) {
    hear(made, "n4", type, { term: 9, last: "9/8", configuration: 2 });
  }
  expect(sent(made, "removed").map(({ configurationIndex }) => configurationIndex)).toEqual([3, 3]);
  expect(sent(made, "preVoteReply")).toEqual([]);
  expect(made.node.raft.status.currentTerm).toBe(2);
  // One that goes by a later configuration may have been added again.
  made.effects = [];
  hear(made, "n4", "preVote", { term: 3, last: "2/2", configuration: 4 });
  expect(sent(made, "removed")).toEqual([]);
});

test("whoever is told that it was removed campaigns no more, until a leader names it again", () => {
  const made = solo(3);
  timeout(made);
  hear(made, "n9", "removed", { term: 1, configuration: 7 });
  expect(made.node.raft.status).toMatchObject({ role: "candidate", removedAt: 0 });
  hear(made, "n2", "removed", { term: 1, configuration: 7 });
  expect(made.node.raft.status).toMatchObject({ role: "follower", removedAt: 7 });
  made.effects = [];
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "preVote")).toEqual([]);
  // Its own log says nothing new: it stays as it is.
  follow(
    made,
    2,
    configurationOf(["n2", "n3"], { learners: ["n1"], outgoing: ["n1", "n2", "n3"] }),
    1,
  );
  expect(made.node.raft.status.removedAt).toBe(0);
  persist(made);
  quiet(made);
  made.effects = [];
  timeout(made);
  expect(sent(made, "preVote")).toHaveLength(2);
});

test("an answer about the time before the latest configuration here removes nobody", () => {
  const made = solo(3);
  follow(made, 2, configurationOf(["n1", "n2", "n3"], { learners: ["n4"] }), 1);
  persist(made);
  timeout(made);
  hear(made, "n2", "removed", { term: 2, configuration: 1 });
  expect(made.node.raft.status).toMatchObject({ role: "candidate", removedAt: 0 });
});

test("the only one that holds the entry by which it leaves must campaign (thesis §4.2.2)", () => {
  const made = readyLeader(2);
  change(made, ["n2"]);
  persist(made);
  acknowledge(made, "n2", 3);
  persist(made);
  expect(configurationAt(made.node)).toBe("n2");
  crash(made.node);
  restart(made.node);
  endTurns(made.cluster);
  made.effects = [];
  // It also introduces itself, every heartbeat interval.
  for (let i = 0; i < 9 && made.node.raft.status.role === "follower"; i++) timeout(made);
  expect(sent(made, "preVote")).toHaveLength(1);
  hear(made, "n2", "preVoteReply", { term: 3, granted: "true" });
  persist(made);
  expect(made.node.raft.status.role).toBe("candidate");
  hear(made, "n2", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
});

test("a learner that doesn't know yet that it votes grants its vote", () => {
  const made = solo(3);
  follow(made, 2, configurationOf(["n2", "n3"], { outgoing: ["n1", "n2", "n3"] }), 2);
  follow(made, 3, configurationOf(["n2", "n3"]), 3);
  follow(made, 4, configurationOf(["n2", "n3"], { learners: ["n1"] }), 4);
  persist(made);
  quiet(made);
  made.effects = [];
  hear(made, "n3", "requestVote", { term: 5, last: "5/2", configuration: 5 });
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  // It asks whether it was removed, and never campaigns.
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "requestVote")).toEqual([]);
  expect(made.node.raft.status).toMatchObject({ role: "follower", currentTerm: 5 });
});

test("a stranger's later term deposes nobody, a member's does (hazard 30)", () => {
  const made = readyLeader(3);
  hear(made, "n9", "readIndex", { term: 9, id: 1 });
  hear(made, "n9", "forward", { term: 9, seq: 1 });
  hear(made, "n9", "appendEntriesReply", { term: 9, success: "false" });
  const lost = { incarnation: incarnationOf("n2", 2) };
  hear(made, "n2", "appendEntriesReply", { term: 9, success: "false" }, lost);
  expect(made.node.raft.status).toMatchObject({ role: "leader", currentTerm: 2 });
  hear(made, "n2", "appendEntriesReply", { term: 9, success: "false" });
  expect(made.node.raft.status).toMatchObject({ role: "follower", currentTerm: 9 });
});

test("a leader that the configuration doesn't name yet is followed", () => {
  const made = solo(3);
  hear(made, "n9", "appendEntries", { term: 9, prev: "1/1", round: 1 });
  expect(made.node.raft.status).toMatchObject({ currentTerm: 9, leaderId: "n9" });
});

test("members that are left out are followed until they know that it is committed", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  const peers = (): string[] => made.node.raft.status.peers.map(({ id }) => id);
  expect(made.node.raft.status.configuration?.outgoing).toEqual([]);
  expect(peers()).toEqual(["n2", "n3", "n4"]);
  acknowledge(made, "n2", 4);
  expect(made.node.raft.status.commitIndex).toBe(4);
  timeout(made);
  expect(peers()).toEqual(["n2", "n3", "n4"]);
  const { round } = sent(made, "appendEntries").at(-1) ?? { round: 0 };
  const fields = { term: 2, success: "true", match: 4, verified: 4 };
  // What it says of an earlier round tells nothing.
  hear(made, "n4", "appendEntriesReply", { ...fields, round: round - 1 });
  timeout(made);
  expect(peers()).toContain("n4");
  hear(made, "n4", "appendEntriesReply", { ...fields, round: round + 1 });
  timeout(made);
  expect(peers()).toEqual(["n2", "n3"]);
});

test("a member that has left and never answers is let go after a while", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  for (let i = 0; i < 100; i++) {
    for (const id of ["n2", "n3"]) acknowledge(made, id, 4);
    timeout(made);
  }
  expect(made.node.raft.status.role).toBe("leader");
  expect(made.node.raft.status.peers.map(({ id }) => id)).toEqual(["n2", "n3"]);
});

/** To n1, which leads: n3 is to be a learner. */
const message: Message = {
  type: "changeMembership",
  to: incarnationOf("n1"),
  term: 2,
  id: 7,
  expected: 1,
  voters: ["n1", "n2"],
  learners: ["n3"],
};

test("a copy of a change that was accepted gets the same answer", () => {
  const made = readyLeader(3);
  for (let i = 0; i < 2; i++) tell(made, senderOf("n2"), message);
  expect(sent(made, "changeMembershipReply").map(({ verdict }) => verdict)).toEqual([
    { type: "accepted", index: 3, term: 2 },
    { type: "accepted", index: 3, term: 2 },
  ]);
  tell(made, senderOf("n9"), { ...message, id: 8 });
  expect(sent(made, "changeMembershipReply")).toHaveLength(2);
});

test("once a change has an answer, nothing that its node asked for before is done any more", () => {
  const made = readyLeader(3);
  // The answer to 7 was lost, or so it seemed; it was asked again, and the answer was no.
  tell(made, senderOf("n2"), { ...message, id: 8, learners: ["n9"] });
  tell(made, senderOf("n2"), message);
  // Nor by a copy of the later one, though what stood in its way is gone.
  hear(made, "n9", "introduce", { address: "n9.test:7000" }, { incarnation: incarnationOf("n9") });
  tell(made, senderOf("n2"), { ...message, id: 8, learners: ["n9"] });
  expect(sent(made, "changeMembershipReply").map(({ verdict }) => verdict)).toEqual([
    { type: "unknownServer", ids: ["n9"] },
    { type: "stale", index: 1 },
    { type: "unknownServer", ids: ["n9"] },
  ]);
  expect(made.node.raft.status).toMatchObject({ lastIndex: 2, configurationIndex: 1 });
  // Somebody else, or a later question, is another matter.
  tell(made, senderOf("n3"), message);
  expect(made.node.raft.status.configurationIndex).toBe(3);
});

test("a learner that is behind doesn't become a voter", () => {
  const made = readyLeader(3);
  change(made, ["n1", "n2"], ["n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  acknowledge(made, "n2", 4);
  // It hasn't got the latest entry for too long; then it got that, but took too long for it.
  made.cluster.now += 200;
  expect(change(made, ["n1", "n2", "n3"])).toEqual({
    type: "notCaughtUp",
    id: "n3",
    matchIndex: 3,
    lastIndex: 4,
    writtenBytes: 0,
    bytes: 0,
  });
  acknowledge(made, "n3", 4);
  expect(change(made, ["n1", "n2", "n3"])).toMatchObject({ type: "notCaughtUp", matchIndex: 4 });
  made.cluster.now += 20;
  acknowledge(made, "n3", 4);
  expect(change(made, ["n1", "n2", "n3"])).toMatchObject({ type: "accepted" });
});
