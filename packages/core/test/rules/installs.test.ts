// A leader that sends its snapshot: to whom, which one, and what goes on beside it (paper §7; hazards
// 40 to 44).
import { expect, test } from "vitest";
import {
  BOUND,
  committedLeader,
  fallBehind,
  acknowledge,
  snapshotNow,
  workAll,
  heartbeats,
  typesOf,
} from "../support/snapshot-rules.js";
import { endTurns, step } from "../support/cluster.js";
import { configurationAt } from "../support/membership.js";
import { hear, persist, propose, sent, timeout } from "../support/solo.js";

test("a leader sends a snapshot to whom the log can't serve, and heartbeats beside it", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  made.effects = [];
  fallBehind(made);
  heartbeats(made, 1);
  workAll(made);
  const [first] = sent(made, "installSnapshot");
  expect(first).toMatchObject({
    lastIncludedIndex: 100,
    lastIncludedTerm: 2,
    configurationIndex: 1,
    attempt: 1,
    offset: 0,
  });
  made.effects = [];
  heartbeats(made, 2);
  const toN3 = made.effects.filter((effect) => effect.type === "send" && effect.to === "n3");
  expect(
    toN3.filter((one) => one.type === "send" && one.message.type === "appendEntries"),
  ).toMatchObject([
    { message: { prevLogIndex: 0, entries: [] } },
    { message: { prevLogIndex: 0, entries: [] } },
  ]);
  // It has it: from there on it gets entries.
  made.effects = [];
  acknowledge(made, "n3", 100, { round: 3 });
  propose(made);
  expect(typesOf(made, "releaseSnapshot")).toEqual(["releaseSnapshot"]);
  expect(sent(made, "appendEntries").at(-1)).toMatchObject({ prevLogIndex: 100 });
});

test("a member that is only in the outgoing half is sent a snapshot, too: it may be needed", () => {
  const made = committedLeader(100, BOUND);
  acknowledge(made, "n3", 0);
  snapshotNow(made);
  const wanted = { expected: 1, voters: ["n1", "n2"], learners: [] };
  step(made.cluster, made.node, { type: "changeMembership", id: 1, ...wanted });
  endTurns(made.cluster);
  expect(configurationAt(made.node)).toBe("n1,n2 outgoing=n1,n2,n3");
  made.effects = [];
  fallBehind(made);
  heartbeats(made, 1);
  workAll(made);
  expect(sent(made, "installSnapshot")).toMatchObject([{ lastIncludedIndex: 100, offset: 0 }]);
});

test("answers to an install are no word of a majority: a leader that hears nothing else steps down", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  for (let i = 0; i < 9; i++) {
    hear(made, "n3", "installSnapshotReply", { term: 2, attempt: 1, offset: i });
    timeout(made);
  }
  expect(made.node.raft.status.role).not.toBe("leader");
});

test("a snapshot that its receiver finds damaged is replaced by a new one", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  fallBehind(made);
  heartbeats(made, 1);
  workAll(made);
  made.effects = [];
  hear(made, "n3", "installSnapshotReply", { term: 2, attempt: 1, outcome: "damaged" });
  heartbeats(made, 4);
  workAll(made);
  expect(typesOf(made, "releaseSnapshot", "takeSnapshot")).toEqual([
    "releaseSnapshot",
    "takeSnapshot",
  ]);
  heartbeats(made, 4);
  workAll(made);
  expect(sent(made, "installSnapshot").at(-1)).toMatchObject({ attempt: 2, offset: 0 });
});

test("for whom an install runs, the entries behind it are kept, up to half of the bound", () => {
  const made = committedLeader(40, 100 * 257);
  snapshotNow(made); // base 28
  fallBehind(made);
  heartbeats(made, 1);
  workAll(made);
  const grow = (count: number): void => {
    propose(made, count);
    persist(made);
    acknowledge(made, "n2", made.node.raft.status.lastIndex, { round: 1 });
    snapshotNow(made);
  };
  grow(20);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 40, lastIndex: 60 });
  grow(20);
  expect(made.node.raft.status.baseIndex).toBe(40);
  made.effects = [];
  grow(20);
  expect(made.node.raft.status.baseIndex).toBe(88);
  expect(made.effects).toContainEqual({ type: "notice", notice: "installOutrun", peer: "n3" });
});

test("the leader takes a newer snapshot for whom its own is too old", () => {
  const made = committedLeader(20);
  snapshotNow(made);
  propose(made, 10);
  persist(made);
  acknowledge(made, "n2", 30);
  made.effects = [];
  acknowledge(made, "n3", 30, { needed: 25 });
  heartbeats(made, 1);
  expect(typesOf(made, "takeSnapshot")).toEqual(["takeSnapshot"]);
  workAll(made);
  heartbeats(made, 1);
  workAll(made);
  expect(sent(made, "installSnapshot").at(-1)).toMatchObject({ lastIncludedIndex: 30 });
  // Its log is whole: entries go on beside it.
  propose(made);
  expect(sent(made, "appendEntries").filter(({ entries }) => entries.length > 0)).toHaveLength(2);
});

test("who is there again gets the newest snapshot at once, however long it was away", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  fallBehind(made);
  heartbeats(made, 1000);
  workAll(made);
  propose(made, 3);
  persist(made);
  acknowledge(made, "n2", 103);
  snapshotNow(made);
  made.effects = [];
  heartbeats(made, 2);
  workAll(made);
  expect(sent(made, "installSnapshot")).toEqual([]);
  acknowledge(made, "n3", 0, { round: 3 });
  heartbeats(made, 2);
  workAll(made);
  expect(sent(made, "installSnapshot")[0]).toMatchObject({ lastIncludedIndex: 103, offset: 0 });
});

test("the first attempt begins at a heartbeat, and one that nobody answers is tried again later", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  fallBehind(made);
  made.effects = [];
  for (let i = 0; i < 400; i++) {
    heartbeats(made, 1);
    workAll(made);
  }
  const parts = sent(made, "installSnapshot");
  expect(new Set(parts.map(({ attempt }) => attempt)).size).toBeLessThan(4);
  expect(parts.length).toBeGreaterThan(5);
  // Whoever has forgotten what it had begins anew at once.
  const { attempt = 0, bytes = 0 } = parts.at(-1) ?? {};
  hear(made, "n3", "installSnapshotReply", { term: 2, attempt, offset: bytes });
  heartbeats(made, 300);
  workAll(made);
  made.effects = [];
  hear(made, "n3", "installSnapshotReply", { term: 2, attempt, offset: 0 });
  // Whatever comes next, the reader of the attempt that is over holds nothing back.
  expect(typesOf(made, "releaseSnapshot", "readSnapshot")).toEqual([
    "releaseSnapshot",
    "readSnapshot",
  ]);
  heartbeats(made, 1);
  workAll(made);
  expect(sent(made, "installSnapshot")[0]).toMatchObject({ attempt: attempt + 1, offset: 0 });
});

test("attempts that fail make longer and longer pauses, however much was written before", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  fallBehind(made);
  const begins: number[] = [];
  for (let beat = 0; begins.length < 6 && beat < 1000; beat++) {
    made.effects = [];
    heartbeats(made, 1);
    workAll(made);
    const [first] = sent(made, "installSnapshot");
    if (!first) continue;
    begins.push(beat);
    const { attempt } = first;
    hear(made, "n3", "installSnapshotReply", { term: 2, attempt, offset: 1 });
    hear(made, "n3", "installSnapshotReply", { term: 2, attempt, outcome: "failed" });
  }
  const pauses = begins.slice(1).map((beat, i) => beat - (begins[i] ?? 0));
  expect(pauses).toEqual([2, 4, 8, 16, 32]);
});

test("a storage that gives too little or too much of a snapshot has a damaged one: nothing of it is sent", () => {
  for (const data of [new Uint8Array(0), new Uint8Array(2 ** 19)]) {
    const made = committedLeader(100, BOUND);
    snapshotNow(made);
    const { snapshot } = made.node.raft.status;
    hear(made, "n3", "appendEntriesReply", {
      term: 2,
      success: "false",
      prev: 1,
      conflict: "0/0",
      round: 1,
    });
    heartbeats(made, 1);
    made.effects = [];
    step(made.cluster, made.node, {
      type: "snapshotRead",
      peer: "n3",
      attempt: 1,
      offset: 0,
      data,
    });
    endTurns(made.cluster);
    expect(sent(made, "installSnapshot")).toEqual([]);
    expect(typesOf(made, "readSnapshot")).toEqual([]);
    heartbeats(made, 3);
    expect(typesOf(made, "takeSnapshot")).toEqual(["takeSnapshot"]);
    expect(snapshot?.bytes).toBeLessThan(2 ** 19);
  }
});
