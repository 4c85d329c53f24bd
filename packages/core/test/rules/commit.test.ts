// What is committed is on the disks of a majority of this configuration, as acknowledged in this
// term, and ends with an entry of this term (paper §5.3, §5.4.2; R16, R18; hazards 8 to 11, 14, 15, 17).
import { expect, test } from "vitest";
import { hear, persist, propose, sent, solo, soloLeader, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";

function acknowledge(made: Solo, from: string, index: number, more: object = {}): void {
  const { currentTerm } = made.node.raft.status;
  hear(
    made,
    from,
    "appendEntriesReply",
    { term: currentTerm, round: 1, success: "true", match: index, verified: index },
    more,
  );
}

const committed = (made: Solo): number => made.node.raft.status.commitIndex;

test.each([
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
])("of %i nodes the leader and %i others make a commit", (nodes, others) => {
  const made = soloLeader(nodes);
  persist(made);
  for (let i = 0; i < others; i++) {
    expect(committed(made)).toBe(0);
    acknowledge(made, `n${i + 2}`, 2);
    // Twice is once.
    acknowledge(made, `n${i + 2}`, 2);
  }
  expect(committed(made)).toBe(2);
});

test("the leader's own disk is one of the majority, when it has written", () => {
  const made = soloLeader(3);
  acknowledge(made, "n2", 2);
  expect(committed(made)).toBe(0);
  persist(made);
  expect(committed(made)).toBe(2);
});

test("what has arrived and isn't durable doesn't count", () => {
  const made = soloLeader(3);
  persist(made);
  hear(made, "n2", "appendEntriesReply", {
    term: 2,
    round: 1,
    success: "true",
    match: 0,
    verified: 2,
  });
  expect(committed(made)).toBe(0);
});

test("an entry of an earlier term commits with one of this term, never by counting (Figure 8)", () => {
  const made = soloLeader(3, { terms: [1, 1], currentTerm: 1 });
  persist(made);
  acknowledge(made, "n2", 3);
  acknowledge(made, "n3", 3);
  expect(committed(made)).toBe(0);
  acknowledge(made, "n2", 4);
  expect(committed(made)).toBe(4);
});

test("a new leader supposes that nobody has its log, and forgets what an earlier leadership knew", () => {
  const made = soloLeader(5);
  persist(made);
  acknowledge(made, "n2", 2);
  timeout(made);
  hear(made, "n5", "requestVoteReply", { term: 3, granted: "false" });
  expect(made.node.raft.status.role).toBe("follower");
  persist(made);
  timeout(made);
  for (const id of ["n2", "n3", "n4", "n5"]) {
    hear(made, id, "preVoteReply", { term: 4, granted: "true" });
  }
  persist(made);
  for (const id of ["n4", "n5"]) hear(made, id, "requestVoteReply", { term: 4, granted: "true" });
  expect(made.node.raft.status).toMatchObject({ role: "leader", currentTerm: 4, lastIndex: 3 });
  for (const { matchIndex } of made.node.raft.status.peers) expect(matchIndex).toBe(0);
  persist(made);
  acknowledge(made, "n4", 3);
  expect(committed(made)).toBe(0);
  // A reply of the earlier term, late (hazard 17): its sender acknowledged another entry 3.
  for (const id of ["n2", "n3"]) {
    hear(made, id, "appendEntriesReply", {
      term: 2,
      round: 1,
      success: "true",
      match: 3,
      verified: 3,
    });
  }
  expect(committed(made)).toBe(0);
  acknowledge(made, "n5", 3);
  expect(committed(made)).toBe(3);
});

test("acknowledgements of strangers, of another data directory, and of what doesn't exist don't count", () => {
  const made = soloLeader(3);
  persist(made);
  acknowledge(made, "n9", 2);
  acknowledge(made, "n2", 2, { incarnation: "n2-data-directory-2" });
  acknowledge(made, "n2", 99);
  expect(committed(made)).toBe(0);
  acknowledge(made, "n2", 2);
  expect(committed(made)).toBe(2);
});

test("acknowledgements and the commit index never go back", () => {
  const made = soloLeader(3);
  persist(made);
  propose(made, 2);
  persist(made);
  acknowledge(made, "n2", 4);
  acknowledge(made, "n2", 2);
  hear(made, "n2", "appendEntriesReply", {
    term: 2,
    round: 1,
    success: "false",
    match: 0,
    verified: 0,
    prev: 3,
    conflict: "1/1",
  });
  expect(made.node.raft.status.peers[0]).toMatchObject({ id: "n2", matchIndex: 4, nextIndex: 5 });
  expect(committed(made)).toBe(4);
  made.cluster.now += 1;
  expect(made.node.raft.status.lastApplied).toBe(4);
  expect(committed(made)).toBe(4);
});

test("applying less than is committed takes no commit back (hazard 15)", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1, entries: "2,2", commit: 3 });
  expect(committed(made)).toBe(3);
  // Only entry 1 was durable, so only that was applied.
  expect(made.node.raft.status.lastApplied).toBe(1);
  expect(committed(made)).toBe(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/2", round: 2, commit: 1 });
  expect(committed(made)).toBe(3);
});

test("a leader that hears no majority steps down (R25)", () => {
  const made = soloLeader(5);
  persist(made);
  for (let i = 0; i < 5; i++) {
    timeout(made);
    hear(made, "n2", "appendEntriesReply", {
      term: 2,
      round: 1,
      success: "true",
      match: 2,
      verified: 2,
    });
  }
  timeout(made);
  expect(made.node.raft.status.role).not.toBe("leader");
});

test("what earlier leaders left uncommitted counts in the bound", () => {
  const made = soloLeader(3, {
    terms: Array.from({ length: 10 }, () => 1),
    currentTerm: 1,
    options: { maxUncommittedBytes: 2_000 },
  });
  propose(made);
  expect(made.effects.filter(({ type }) => type === "rejected")).toHaveLength(1);
  expect(sent(made, "appendEntries").every(({ entries }) => entries.length <= 1)).toBe(true);
});

test("a late refusal never takes the next index behind what is acknowledged (hazard 16)", () => {
  const made = soloLeader(3);
  persist(made);
  propose(made, 1);
  propose(made, 1);
  acknowledge(made, "n2", 2);
  const refused = { term: 2, round: 1, success: "false", match: 0, verified: 0, conflict: "1/1" };
  hear(made, "n2", "appendEntriesReply", { ...refused, prev: 2 });
  expect(made.node.raft.status.peers[0]).toMatchObject({ matchIndex: 2, nextIndex: 5 });
  hear(made, "n2", "appendEntriesReply", { ...refused, prev: 3 });
  expect(made.node.raft.status.peers[0]).toMatchObject({ matchIndex: 2, nextIndex: 3 });
});
