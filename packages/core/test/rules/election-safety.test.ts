// At most one leader in a term, and only one whose log holds all that is committed (paper §5.2,
// §5.4.1; R05, R06, R08; hazards 2 to 5).
import { expect, test } from "vitest";
import { memberNamed } from "../support/cluster.js";
import { campaign, hear, persist, sent, solo, timeout } from "../support/solo.js";

const granted = (made: ReturnType<typeof solo>): boolean[] =>
  sent(made, "requestVoteReply").map(({ voteGranted }) => voteGranted);

test("one vote a term, first come first served, and the same one again", () => {
  const made = solo(3);
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  hear(made, "n3", "requestVote", { term: 2, last: "9/1" });
  persist(made);
  expect(sent(made, "requestVoteReply").map(({ voteGranted }) => voteGranted)).toEqual([
    false,
    true,
  ]);
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  persist(made);
  hear(made, "n3", "requestVote", { term: 2, last: "9/1" });
  expect(granted(made)).toEqual([false, true, true, false]);
  // In a later term it is free again.
  hear(made, "n3", "requestVote", { term: 3, last: "9/1" });
  persist(made);
  expect(granted(made).at(-1)).toBe(true);
});

test.each([
  [2, 4, true],
  [3, 3, true],
  [4, 3, true],
  [9, 2, false],
  [2, 3, false],
  [3, 2, false],
  [0, 0, false],
])(
  "a candidate whose log ends at %i in term %i, against 3 in term 3: %s",
  (index, term, expected) => {
    for (const kind of ["requestVote", "preVote"] as const) {
      const made = solo(3, { terms: [2, 3] });
      made.cluster.now = 1_000;
      hear(made, "n2", kind, { term: 5, last: `${index}/${term}` });
      persist(made);
      const replies =
        kind === "preVote" ? sent(made, "preVoteReply") : sent(made, "requestVoteReply");
      expect(replies.map(({ voteGranted }) => voteGranted)).toEqual([expected]);
    }
  },
);

test("a candidate that hears the leader of its term has voted all the same (hazard 2)", () => {
  const made = solo(3);
  campaign(made);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  expect(made.node.raft.status).toMatchObject({ role: "follower", currentTerm: 2 });
  made.cluster.now += 1_000;
  hear(made, "n3", "requestVote", { term: 2, last: "9/1" });
  persist(made);
  expect(granted(made)).toEqual([false]);
});

test("an election that is abandoned keeps its vote", () => {
  const made = solo(3);
  campaign(made);
  expect(made.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 2 });
  timeout(made);
  expect(made.node.raft.status).toMatchObject({
    role: "follower",
    currentTerm: 2,
    votedFor: memberNamed("n1"),
  });
  hear(made, "n3", "requestVote", { term: 2, last: "9/1" });
  persist(made);
  expect(granted(made)).toEqual([false]);
  expect(made.node.disk.hardState).toEqual({ currentTerm: 2, votedFor: memberNamed("n1") });
});

test.each([
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
  [6, 3],
])("of %i voters a candidate needs %i others", (nodes, needed) => {
  const made = solo(nodes);
  campaign(made);
  for (let i = 0; i < needed; i++) {
    expect(made.node.raft.status.role).toBe("candidate");
    hear(made, `n${i + 2}`, "requestVoteReply", { term: 2, granted: "true" });
  }
  expect(made.node.raft.status.role).toBe("leader");
});

test("doubled, refused, late and strangers' votes don't count", () => {
  const made = solo(5);
  campaign(made);
  timeout(made);
  campaign(made);
  expect(made.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 3 });
  const vote = { term: 3, granted: "true" };
  hear(made, "n2", "requestVoteReply", vote);
  hear(made, "n2", "requestVoteReply", vote);
  hear(made, "n3", "requestVoteReply", { term: 3, granted: "false" });
  hear(made, "n3", "requestVoteReply", { term: 2, granted: "true" });
  hear(made, "n9", "requestVoteReply", vote);
  hear(made, "n4", "requestVoteReply", vote, { incarnation: "n4-data-directory-2" });
  hear(made, "n5", "preVoteReply", vote);
  expect(made.node.raft.status.role).toBe("candidate");
  hear(made, "n5", "requestVoteReply", vote);
  expect(made.node.raft.status.role).toBe("leader");
});

test("pre-votes count for the term that was asked for only, and for members", () => {
  const made = solo(3);
  timeout(made);
  hear(made, "n2", "preVoteReply", { term: 1, granted: "true" });
  hear(made, "n9", "preVoteReply", { term: 2, granted: "true" });
  hear(
    made,
    "n2",
    "preVoteReply",
    { term: 2, granted: "true" },
    { incarnation: "n2-data-directory-2" },
  );
  const asking = { role: "candidate", isPreCandidate: true, currentTerm: 1 };
  expect(made.node.raft.status).toMatchObject(asking);
  hear(made, "n2", "preVoteReply", { term: 2, granted: "true" });
  const standing = { role: "candidate", isPreCandidate: false, currentTerm: 2 };
  expect(made.node.raft.status).toMatchObject(standing);
});

test("who hears a leader helps nobody to replace it", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  persist(made);
  made.cluster.now += 149;
  hear(made, "n3", "preVote", { term: 3, last: "9/2" });
  hear(made, "n3", "requestVote", { term: 3, last: "9/2" });
  expect(sent(made, "preVoteReply").map(({ voteGranted }) => voteGranted)).toEqual([false]);
  expect(made.node.raft.status.currentTerm).toBe(2);
});

test("a vote that is being written isn't taken back by the own timer", () => {
  const made = solo(3);
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  for (let i = 0; i < 3; i++) timeout(made);
  expect(made.node.raft.status).toMatchObject({ role: "follower", currentTerm: 2 });
  persist(made);
  expect(granted(made)).toEqual([true]);
});

test("a candidate whose vote is being written goes on, and refuses pre-votes", () => {
  const made = solo(3);
  timeout(made);
  hear(made, "n2", "preVoteReply", { term: 2, granted: "true" });
  for (let i = 0; i < 3; i++) timeout(made);
  expect(made.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 2 });
  hear(made, "n3", "preVote", { term: 3, last: "9/2" });
  expect(sent(made, "preVoteReply")).toMatchObject([{ voteGranted: false, term: 2 }]);
  persist(made);
  expect(sent(made, "requestVote")).toHaveLength(2);
});

test("two leaders in one term are fatal when members claim it, and nothing when a stranger does", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  hear(made, "n9", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  hear(
    made,
    "n2",
    "appendEntries",
    { term: 2, prev: "1/1", round: 1 },
    { incarnation: "n2-data-directory-2" },
  );
  expect(made.effects.filter(({ type }) => type === "failed")).toEqual([]);
  expect(made.effects.filter(({ type }) => type === "dropped")).toHaveLength(2);
  hear(made, "n3", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  expect(made.effects.filter(({ type }) => type === "failed")).toHaveLength(1);
});

test("one false claim doesn't use up the terms (hazard 60)", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2 ** 47, prev: "1/1", round: 1 });
  expect(made.node.raft.status.currentTerm).toBe(1);
  expect(made.effects.at(-1)).toMatchObject({ type: "dropped", reason: "impossible" });
});

test("a leader's requests, refused ones too, and a granted vote put the own election off (R10)", () => {
  const made = solo(3);
  const due = (): number => made.node.raft.deadline - made.cluster.now;
  made.cluster.now += 100;
  expect(due()).toBe(50);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  expect(due()).toBe(150);
  persist(made);
  made.cluster.now += 100;
  hear(made, "n2", "appendEntries", { term: 2, prev: "9/2", round: 2 });
  expect(due()).toBe(150);
  made.cluster.now += 100;
  // Of a term that is over, and a vote that is refused: neither.
  hear(made, "n3", "appendEntries", { term: 1, prev: "1/1", round: 1 });
  expect(due()).toBe(50);
  timeout(made);
  made.cluster.now += 140;
  hear(made, "n3", "requestVote", { term: 3, last: "0/0" });
  expect(due()).toBe(10);
  hear(made, "n3", "requestVote", { term: 4, last: "9/2" });
  expect(due()).toBe(150);
});
