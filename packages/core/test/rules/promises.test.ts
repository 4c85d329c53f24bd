// A promise leaves after what it rests on is on disk (docs/rules.md, promises 2 and 3; R03, R27;
// hazards 1, 2 and 18).
import { expect, test } from "vitest";
import { hear, persist, propose, sent, solo, soloLeader, timeout } from "../support/solo.js";
import { endTurns, finishOneWrite, memberNamed } from "../support/cluster.js";
import type { Solo } from "../support/solo.js";

function persistOne({ cluster, node }: Solo): void {
  finishOneWrite(cluster, node);
  endTurns(cluster);
}

const matches = (made: Solo): number[] =>
  sent(made, "appendEntriesReply").map(({ matchIndex }) => matchIndex);

test("votes are asked for when the own one is durable, and it counts only then", () => {
  const made = solo(3);
  timeout(made);
  hear(made, "n2", "preVoteReply", { term: 2, granted: "true" });
  expect(sent(made, "requestVote")).toEqual([]);
  hear(made, "n2", "requestVoteReply", { term: 2, granted: "true" });
  expect(made.node.raft.status.role).toBe("candidate");
  persist(made);
  expect(made.node.disk.hardState).toEqual({ currentTerm: 2, votedFor: memberNamed("n1") });
  expect(sent(made, "requestVote")).toHaveLength(2);
  expect(made.node.raft.status.role).toBe("leader");
});

test("a granted vote leaves when it is durable, also for a repeated request", () => {
  const made = solo(3);
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  expect(sent(made, "requestVoteReply")).toEqual([]);
  persist(made);
  expect(made.node.disk.hardState).toEqual({ currentTerm: 2, votedFor: memberNamed("n2") });
  expect(sent(made, "requestVoteReply").length).toBeGreaterThan(0);
});

test("a vote is written even where the term is on disk already", () => {
  const made = solo(3, { currentTerm: 2 });
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  persist(made);
  expect(made.node.disk.hardState).toEqual({ currentTerm: 2, votedFor: memberNamed("n2") });
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
});

test("a granted vote is dropped when the term has moved on", () => {
  const made = solo(3);
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  hear(made, "n3", "requestVote", { term: 3, last: "1/1" });
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ term: 3 }]);
});

test("an acknowledgement names what is durable, in a term that is durable", () => {
  const made = solo(3, { terms: [1, 1] });
  // The entries are on disk, the term isn't.
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/1", round: 1 });
  expect(matches(made)).toEqual([0]);
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/1", round: 2, entries: "2" });
  expect(matches(made)).toEqual([0, 0]);
  persistOne(made);
  expect(matches(made).at(-1)).toBe(3);
  // A copy of the request, while the first one's write is under way.
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/1", round: 2, entries: "2" });
  expect(matches(made).at(-1)).toBe(3);
  persistOne(made);
  expect(matches(made).at(-1)).toBe(4);
});

test("a new round is answered at once, whatever the disk does (promise 4)", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1, entries: "2" });
  made.effects = [];
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 2 });
  expect(sent(made, "appendEntriesReply")).toMatchObject([
    { round: 2, success: true, matchIndex: 0, verifiedIndex: 2 },
  ]);
});

test("only a write that began in a term vouches for it", () => {
  const made = solo(3, { terms: [1] });
  hear(made, "n2", "appendEntries", { term: 2, prev: "2/1", round: 1 });
  hear(made, "n3", "appendEntries", { term: 3, prev: "2/1", round: 1 });
  persistOne(made);
  expect(made.node.disk.hardState.currentTerm).toBe(2);
  expect(Math.max(...matches(made))).toBe(0);
  persistOne(made);
  expect(matches(made).at(-1)).toBe(2);
});

test("a write that ends late vouches for nothing that was replaced meanwhile (hazard 18)", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1, entries: "2,2,2" });
  // n3 leads term 3 and replaces them; the writes are still under way.
  hear(made, "n3", "appendEntries", { term: 3, prev: "1/1", round: 1, entries: "3" });
  expect(made.node.raft.status).toMatchObject({ lastIndex: 2, durableIndex: 1 });
  persistOne(made);
  expect(made.node.raft.status.durableIndex).toBe(1);
  expect(Math.max(...matches(made))).toBeLessThanOrEqual(1);
  persistOne(made);
  expect(made.node.raft.status.durableIndex).toBe(2);
  expect(matches(made).at(-1)).toBe(2);
});

test("entries that are cut are not durable any more, at once", () => {
  const made = solo(3, { terms: [1, 2, 2] });
  expect(made.node.raft.status.durableIndex).toBe(4);
  hear(made, "n2", "appendEntries", { term: 3, prev: "2/1", round: 1, entries: "3" });
  expect(made.node.raft.status).toMatchObject({ lastIndex: 3, durableIndex: 2 });
});

test("nothing is applied that the own disk doesn't have", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1, entries: "2", commit: 2 });
  expect(made.node.raft.status.commitIndex).toBe(2);
  expect(made.node.applied).toHaveLength(1);
  persist(made);
  expect(made.node.applied).toHaveLength(2);
});

test("a leader counts its own disk when it has written, not before (hazard 8)", () => {
  const made = soloLeader(1);
  persist(made);
  expect(made.node.raft.status).toMatchObject({ role: "leader", lastIndex: 2, commitIndex: 2 });
  propose(made);
  expect(made.node.raft.status).toMatchObject({ lastIndex: 3, commitIndex: 2 });
  persist(made);
  expect(made.node.raft.status.commitIndex).toBe(3);
});
