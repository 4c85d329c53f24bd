// Who may say what: runs, data directories and members (docs/rules.md, identity, bootstrapping and
// forwarding; R11, R22; hazards 6, 17, 56 and 63).
import { expect, test } from "vitest";
import { addNode, endTurns, newCluster, nodeOf } from "../support/cluster.js";
import { hear, persist, propose, sent, solo, soloLeader } from "../support/solo.js";
import type { Solo } from "../support/solo.js";

function blank(): Solo {
  const cluster = newCluster();
  addNode(cluster, "n1", { bootstrap: ["n1", "n2", "n3"] });
  const made: Solo = { cluster, node: nodeOf(cluster, "n1"), effects: [] };
  cluster.observe = (_, effect) => made.effects.push(effect);
  endTurns(cluster);
  return made;
}

const dropped = (made: Solo): string[] =>
  made.effects.flatMap((effect) => (effect.type === "dropped" ? [effect.reason] : []));

test("an earlier run of a sender isn't heard any more", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 }, { run: 5 });
  hear(made, "n2", "appendEntries", { term: 3, prev: "1/1", round: 9 }, { run: 4 });
  expect(made.node.raft.status.currentTerm).toBe(2);
  expect(dropped(made)).toEqual(["staleRun"]);
  // Runs are wall-clock milliseconds or later: any safe integer is one.
  hear(made, "n2", "appendEntries", { term: 4, prev: "1/1", round: 1 }, { run: Date.UTC(2026, 1) });
  hear(
    made,
    "n2",
    "appendEntries",
    { term: 5, prev: "1/1", round: 1 },
    { run: Number.MAX_SAFE_INTEGER },
  );
  expect(made.node.raft.status.currentTerm).toBe(5);
});

test("what is meant for another data directory changes nothing", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 }, { to: 2 });
  hear(made, "n2", "requestVote", { term: 3, last: "9/2" }, { to: 2 });
  expect(made.node.raft.status.currentTerm).toBe(1);
  expect(dropped(made)).toEqual(["addressee", "addressee"]);
});

test("a blank initial voter that is known by another directory stops", () => {
  const made = blank();
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 }, { to: 2 });
  expect(made.effects.find(({ type }) => type === "failed")).toMatchObject({
    error: { code: "STORAGE_LOST" },
  });
});

test("a cluster is bootstrapped from blank nodes' answers to this run and this directory only", () => {
  const made = blank();
  const fields = { asker: 1, blank: "true" };
  hear(made, "n2", "bootstrapReply", fields);
  hear(made, "n3", "bootstrapReply", { ...fields, asker: 2 });
  hear(made, "n3", "bootstrapReply", fields, { to: 2 });
  hear(made, "n3", "bootstrapReply", { ...fields, blank: "false" });
  hear(made, "n9", "bootstrapReply", fields);
  expect(made.node.raft.status.lastIndex).toBe(0);
  hear(made, "n3", "bootstrapReply", fields);
  expect(made.node.raft.status.lastIndex).toBe(1);
});

test("a forward is appended once, in the leadership that it was meant for, and its copy gets the same answer", () => {
  const made = soloLeader(3);
  persist(made);
  hear(made, "n2", "forward", { term: 2, seq: 1, count: 2 });
  hear(made, "n2", "forward", { term: 2, seq: 1, count: 2 });
  expect(made.node.raft.status.lastIndex).toBe(4);
  expect(sent(made, "forwardReply")).toMatchObject([
    { verdict: "accepted", firstIndex: 3 },
    { verdict: "accepted", firstIndex: 3 },
  ]);
  hear(made, "n2", "forward", { term: 1, seq: 3, count: 1 });
  expect(made.node.raft.status.lastIndex).toBe(4);
  expect(sent(made, "forwardReply")).toHaveLength(2);
});

test("in the next leadership of the same node the same numbers are new", () => {
  const made = soloLeader(3);
  persist(made);
  hear(made, "n2", "forward", { term: 2, seq: 1 });
  persist(made);
  hear(made, "n3", "requestVoteReply", { term: 3, granted: "false" });
  persist(made);
  made.cluster.now = made.node.raft.deadline;
  endTurns(made.cluster);
  hear(made, "n2", "preVoteReply", { term: 4, granted: "true" });
  persist(made);
  hear(made, "n2", "requestVoteReply", { term: 4, granted: "true" });
  expect(made.node.raft.status).toMatchObject({ role: "leader", currentTerm: 4 });
  const { lastIndex } = made.node.raft.status;
  made.effects = [];
  // Of the earlier leadership: a copy of it may have been accepted then, so nothing is said.
  hear(made, "n2", "forward", { term: 2, seq: 5 });
  expect(sent(made, "forwardReply")).toEqual([]);
  hear(made, "n2", "forward", { term: 4, seq: 1 });
  expect(sent(made, "forwardReply")).toMatchObject([
    { verdict: "accepted", firstIndex: lastIndex + 1, entryTerm: 4 },
  ]);
  expect(made.node.raft.status.lastIndex).toBe(lastIndex + 1);
});

test("an answer to another run, or of another node, settles no proposal", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  propose(made);
  const fields = { term: 2, asker: 1, seq: 1, count: 1, index: 9 };
  hear(made, "n2", "forwardReply", { ...fields, asker: 2 });
  hear(made, "n3", "forwardReply", fields);
  hear(made, "n2", "forwardReply", fields, { incarnation: "n2-data-directory-2" });
  const ends = (): unknown[] =>
    made.effects.filter(({ type }) => type === "accepted" || type === "rejected");
  expect(ends()).toEqual([]);
  hear(made, "n2", "forwardReply", fields);
  expect(ends()).toMatchObject([{ type: "accepted", firstIndex: 9, term: 2 }]);
});
