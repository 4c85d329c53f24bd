// Two logs that hold an entry of the same index and term hold the same entries up to there (paper
// §5.3; R14, R15, R17; hazards 12, 13, 18, 19 and 24), and the latest configuration in the log is in
// force, also when the log was cut (paper §6; hazard 28).
import { expect, test } from "vitest";
import type { Effect } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind, Raft } from "@raftkit/core";
import { configurationOf, deliver, endTurns, incarnationOf } from "../support/cluster.js";
import { termsOf } from "../support/print.js";
import { hear, persist, sent, solo } from "../support/solo.js";
import type { Solo } from "../support/solo.js";

function disk(made: Solo): number[] {
  persist(made);
  return termsOf(made.node.disk.entries);
}

const failures = (made: Solo): Effect[] => made.effects.filter(({ type }) => type === "failed");

test("an entry is taken only behind one of the same index and term", () => {
  const made = solo(3, { terms: [1, 2] });
  for (const prev of ["3/1", "3/3", "2/2", "4/2", "9/2"]) {
    hear(made, "n2", "appendEntries", { term: 3, prev, round: 1, entries: "3" });
  }
  expect(sent(made, "appendEntriesReply").map(({ success }) => success)).toEqual(
    Array(5).fill(false),
  );
  expect(disk(made)).toEqual([1, 1, 2]);
  hear(made, "n2", "appendEntries", { term: 3, prev: "3/2", round: 1, entries: "3" });
  expect(disk(made)).toEqual([1, 1, 2, 3]);
});

test("a late or doubled request cuts nothing that matches (hazard 12)", () => {
  const made = solo(3, { terms: [1, 1, 2, 2] });
  hear(made, "n2", "appendEntries", { term: 3, prev: "1/1", round: 1, entries: "1" });
  hear(made, "n2", "appendEntries", { term: 3, prev: "2/1", round: 1, entries: "1,2" });
  expect(disk(made)).toEqual([1, 1, 1, 2, 2]);
});

test("a conflict cuts the tail, and the tail is gone (hazard 13)", () => {
  const made = solo(3, { terms: [1, 2, 2, 2] });
  hear(made, "n2", "appendEntries", { term: 4, prev: "1/1", round: 1, entries: "1,3" });
  expect(disk(made)).toEqual([1, 1, 3]);
  expect(made.node.raft.status.lastIndex).toBe(3);
  // What a term was after the cut is known by the present entries only (hazard 19).
  hear(made, "n2", "appendEntries", { term: 4, prev: "9/4", round: 1 });
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    conflictIndex: 3,
    conflictTerm: 3,
  });
  hear(made, "n2", "appendEntries", { term: 4, prev: "9/2", round: 1 });
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    conflictIndex: 2,
    conflictTerm: 1,
  });
});

test("what was verified stays so, whatever request comes late", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1, entries: "2,2,2" });
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 2 });
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({ verifiedIndex: 4 });
  persist(made);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    matchIndex: 4,
    verifiedIndex: 4,
  });
});

test("what was verified against one leader isn't against the next (hazard 11)", () => {
  const made = solo(3, { terms: [1, 1] });
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/1", round: 1 });
  hear(made, "n3", "appendEntries", { term: 3, prev: "1/1", round: 1, commit: 3 });
  persist(made);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    term: 3,
    matchIndex: 1,
    verifiedIndex: 1,
  });
  expect(made.node.raft.status.commitIndex).toBe(1);
});

test.each([
  ["another leader a committed entry", "n3", 3, 3],
  ["a leader its own entry", "n2", 2, 0],
])("if %s would replace, this node stops, and nothing is cut", (_, from, term, commit) => {
  const made = solo(3, { terms: [1], currentTerm: 1 });
  hear(made, "n2", "appendEntries", { term: 2, prev: "2/1", round: 1, entries: "2", commit });
  // A leader of term 2 can't hold an entry of term 1 there as well as its own.
  const entries = term === 2 ? 1 : term;
  hear(made, from, "appendEntries", { term, prev: "2/1", round: 1, entries });
  expect(failures(made)).toHaveLength(1);
  expect(disk(made)).toEqual([1, 1, 2]);
});

test("logs are brought together by term, not entry by entry (R15)", () => {
  const made = solo(3, { terms: [1, 1, 1, 3, 3, 3] });
  hear(made, "n2", "appendEntries", { term: 5, prev: "7/2", round: 1 });
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    conflictIndex: 4,
    conflictTerm: 1,
  });
});

test("a configuration is in force as long as its entry is in the log (hazards 24 and 28)", () => {
  const made = solo(3);
  const voters = (): string[] | undefined =>
    made.node.raft.status.configuration?.voters.map(({ id }) => id);
  const bytes = encodeRun(2, 2, EntryKind.configuration, [
    encodeConfiguration(
      configurationOf(["n1", "n2", "n3", "n4", "n5"], { outgoing: ["n1", "n2", "n3"] }),
    ),
  ]);
  deliver(made.cluster, {
    from: { id: "n2", incarnation: incarnationOf("n2"), run: 1 },
    to: "n1",
    held: false,
    message: {
      type: "appendEntries",
      to: incarnationOf("n1"),
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      leaderCommit: 0,
      round: 1,
      matchIndex: 0,
      leaseMs: 0,
      entries: [bytes],
    },
  });
  endTurns(made.cluster);
  expect(voters()).toEqual(["n1", "n2", "n3", "n4", "n5"]);
  hear(made, "n3", "appendEntries", { term: 3, prev: "1/1", round: 1, entries: "3" });
  expect(voters()).toEqual(["n1", "n2", "n3"]);
  expect(made.effects.findLast(({ type }) => type === "configure")).toMatchObject({
    peers: [{ id: "n2" }, { id: "n3" }],
  });
});

test("the log's base has a term, and it counts like an entry's", () => {
  const raft = new Raft(
    {
      id: "n1",
      incarnation: incarnationOf("n1"),
      run: 1,
      address: "n1.test:7000",
      clusterInstance: "cluster-instance-1",
      bootstrap: [],
      random: () => 0,
      electionTimeoutMs: { min: 150, max: 300 },
      heartbeatIntervalMs: 50,
      maxMessageBytes: 100,
      maxInflightMessages: 9,
      maxInflightBytes: 999,
      maxUncommittedBytes: 999,
      maxLogBytes: 999,
    },
    {
      hardState: { currentTerm: 4, votedFor: null },
      base: { index: 7, term: 4 },
      snapshot: null,
      damagedSnapshotIndex: 0,
      entries: [],
      applied: 7,
    },
  );
  const from = { id: "n2", incarnation: incarnationOf("n2"), run: 1 };
  const hears = (prevLogTerm: number, round: number): Effect[] => [
    ...raft.step(0, {
      type: "receive",
      from,
      message: {
        type: "appendEntries",
        to: incarnationOf("n1"),
        term: 5,
        prevLogIndex: 7,
        prevLogTerm,
        leaderCommit: 7,
        round,
        matchIndex: 0,
        leaseMs: 0,
        entries: [],
      },
    }),
    ...raft.step(0, { type: "tick" }),
  ];
  for (const [term, round, success] of [
    [3, 1, false],
    [5, 2, false],
    [0, 3, false],
    [4, 4, true],
  ] as const) {
    const replies = hears(term, round).filter((effect) => effect.type === "send");
    expect(replies.at(-1)?.message).toMatchObject({ type: "appendEntriesReply", success });
  }
  // A candidate of an earlier last term is behind it, however long its log.
  raft.step(1_000, {
    type: "receive",
    from,
    message: {
      type: "requestVote",
      to: incarnationOf("n1"),
      term: 6,
      lastLogIndex: 99,
      lastLogTerm: 3,
      transfer: false,
      configurationIndex: 0,
    },
  });
  expect(raft.status).toMatchObject({ currentTerm: 6, votedFor: null });
});
