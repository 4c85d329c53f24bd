// Snapshots: what compaction may remove, and in which order a follower takes over the leader's
// (paper §7; thesis §5; hazards 28, 29, 40 to 44). random-network.test.ts does all of it at random.
import { expect, test } from "vitest";
import type { SnapshotMeta } from "@raftkit/core";
import { crc32, encodeConfiguration, encodeRun, EntryKind } from "@raftkit/core";
import {
  BOUND,
  committedLeader,
  follower,
  snapshotNow,
  workAll,
  typesOf,
  operationsOf,
  part,
} from "../support/snapshot-rules.js";
import {
  configurationOf,
  crash,
  endTurns,
  restart,
  step,
  workOnSnapshots,
} from "../support/cluster.js";
import { capture } from "../support/snapshots.js";
import { hear, persist, propose, sent, solo, timeout } from "../support/solo.js";

test("a snapshot takes the place of the entries, but for a tail of an eighth of the bound", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  // 20 entries of 257 bytes are the tail.
  expect(made.node.raft.status).toMatchObject({ baseIndex: 80, lastIndex: 100 });
  expect(operationsOf(made)).toEqual(["compactThrough 80"]);
  expect(made.node.raft.status.snapshot).toMatchObject({ index: 100, term: 2 });
});

test("a snapshot that is saved late, below the newest or the base, changes nothing", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  const { snapshot, ...before } = made.node.raft.status;
  made.effects = [];
  for (const index of [50, 80, 99]) {
    const late: SnapshotMeta = { ...(snapshot as SnapshotMeta), snapshotId: "late", index };
    step(made.cluster, made.node, { type: "snapshotSaved", snapshot: late });
    endTurns(made.cluster);
  }
  expect(made.node.raft.status).toEqual({ ...before, snapshot });
  expect(made.effects).toEqual([]);
});

test("a snapshot of what was never handed to the state machine stops the node", () => {
  const made = committedLeader(10);
  snapshotNow(made);
  propose(made, 5);
  const { snapshot } = made.node.raft.status;
  made.effects = [];
  step(made.cluster, made.node, {
    type: "snapshotSaved",
    snapshot: { ...(snapshot as SnapshotMeta), index: 11 },
  });
  expect(made.effects).toMatchObject([
    { type: "failed", error: { message: expect.stringContaining("snapshot at 11") as string } },
  ]);
});

test("a snapshot carries the configuration in force at its index, not the latest (hazard 28)", () => {
  const made = follower([1, 1], 3);
  const joint = configurationOf(["n1", "n2"], { outgoing: ["n1", "n2", "n3"] });
  const bytes = encodeRun(4, 5, EntryKind.configuration, [encodeConfiguration(joint)]);
  step(made.cluster, made.node, {
    type: "receive",
    from: { id: "n2", incarnation: "n2-data-directory-1", run: 1 },
    message: {
      type: "appendEntries",
      to: "n1-data-directory-1",
      term: 5,
      prevLogIndex: 3,
      prevLogTerm: 1,
      leaderCommit: 3,
      round: 2,
      matchIndex: 0,
      leaseMs: 0,
      entries: [bytes],
    },
  });
  endTurns(made.cluster);
  expect(made.node.raft.status.configuration?.voters).toHaveLength(2);
  expect(made.node.raft.snapshotPositionAt(3)?.configuration.voters).toHaveLength(3);
  expect(made.node.raft.snapshotPositionAt(4)?.configuration.voters).toHaveLength(2);
  // Compaction forgets none that is still in force somewhere in the log.
  snapshotNow(made);
  expect(made.node.raft.status.snapshot).toMatchObject({ index: 3, configurationIndex: 1 });
  expect(made.node.raft.snapshotPositionAt(3)?.configuration.voters).toHaveLength(3);
});

test("what a snapshot stands for is verified, whatever a late or lagging leader sends of it", () => {
  const made = follower([1, 1, 1, 1, 1, 1, 1], 8);
  made.node.options = {};
  snapshotNow(made);
  hear(made, "n2", "installSnapshot", part(20, 5));
  workAll(made);
  persist(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 20, commitIndex: 20 });
  made.effects = [];
  // Entries 3 to 6 of another term: they are below the base, so they are nothing.
  hear(made, "n2", "appendEntries", {
    term: 5,
    prev: "2/1",
    commit: 20,
    round: 2,
    entries: "4,4,4,4",
  });
  hear(made, "n2", "appendEntries", { term: 5, prev: "0/0", commit: 20, round: 3 });
  expect(sent(made, "appendEntriesReply")).toMatchObject([
    { success: true, round: 2, matchIndex: 20, verifiedIndex: 20 },
    { success: true, round: 3, matchIndex: 20, verifiedIndex: 20 },
  ]);
  // One that reaches beyond the base appends what is behind it only.
  made.effects = [];
  hear(made, "n2", "appendEntries", {
    term: 5,
    prev: "18/5",
    commit: 20,
    round: 4,
    entries: "5,5,5",
  });
  expect(operationsOf(made)).toEqual(["append"]);
  expect(made.node.raft.status.lastIndex).toBe(21);
});

test("term durable, snapshot durable, log reset, and only then acknowledged and restored", () => {
  const made = solo(3, { terms: [1, 1], currentTerm: 1 });
  hear(made, "n2", "installSnapshot", part(20, 4));
  workOnSnapshots(made.cluster, made.node);
  endTurns(made.cluster);
  const course = [typesOf(made, "writeSnapshot", "commitSnapshot", "restore")];
  persist(made); // the term
  course.push(typesOf(made, "writeSnapshot", "commitSnapshot", "restore"));
  expect(made.node.raft.status.lastIndex).toBe(3);
  workAll(made); // the snapshot
  course.push(typesOf(made, "writeSnapshot", "commitSnapshot", "restore"));
  expect(operationsOf(made)).toContain("resetTo 20");
  expect(sent(made, "appendEntriesReply").filter(({ matchIndex }) => matchIndex > 0)).toEqual([]);
  persist(made); // the reset
  course.push(typesOf(made, "writeSnapshot", "commitSnapshot", "restore"));
  expect(course).toEqual([
    ["writeSnapshot"],
    ["writeSnapshot", "commitSnapshot"],
    ["writeSnapshot", "commitSnapshot"],
    ["writeSnapshot", "commitSnapshot", "restore"],
  ]);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({ success: true, matchIndex: 20 });
  expect(made.node.applied).toHaveLength(20);
});

test("a log that leads up to the snapshot keeps what follows it (paper §7, rule 6)", () => {
  const made = follower([1, 1, 5, 5, 5], 2);
  hear(made, "n2", "installSnapshot", part(4, 5));
  workAll(made);
  persist(made);
  expect(operationsOf(made)).not.toContain("resetTo 4");
  expect(made.node.raft.status).toMatchObject({ lastIndex: 6, commitIndex: 4, lastApplied: 4 });
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({ matchIndex: 6 });
});

test("a log of another history goes, and no write that is under way vouches for it", () => {
  const made = solo(3, { terms: [1, 1], currentTerm: 5 });
  hear(made, "n3", "appendEntries", {
    term: 5,
    prev: "3/1",
    commit: 1,
    round: 1,
    entries: "5,5,5",
  });
  hear(made, "n2", "installSnapshot", part(5, 6, { term: 6 }));
  // The entries of n3 and the new term become durable when the snapshot is.
  persist(made);
  workAll(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 5, lastIndex: 5, durableIndex: 1 });
  persist(made);
  expect(made.node.raft.status).toMatchObject({ durableIndex: 5, lastApplied: 5 });
});

test("what was acknowledged before an install isn't missed while the log is reset", () => {
  const made = follower([5, 5, 5], 1);
  persist(made);
  hear(made, "n2", "installSnapshot", part(20, 5));
  workAll(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 20, durableIndex: 1 });
  // The leader sent this before it heard of the install: it knows of 4 entries here.
  hear(made, "n2", "appendEntries", { term: 5, prev: "4/5", commit: 20, round: 2, match: 4 });
  expect(typesOf(made, "failed")).toEqual([]);
  persist(made);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({ success: true, matchIndex: 20 });
});

test("a snapshot that brings nothing new is acknowledged, and nothing is written", () => {
  const made = follower([1, 1, 1, 1], 5);
  for (const index of [3, 5]) hear(made, "n2", "installSnapshot", part(index, 1));
  expect(typesOf(made, "writeSnapshot", "commitSnapshot", "persist")).toEqual([]);
  expect(sent(made, "appendEntriesReply")).toMatchObject([
    { success: true, matchIndex: 5 },
    { success: true, matchIndex: 5 },
  ]);
});

test("of two attempts the later one counts, and parts are written in order only", () => {
  const made = follower([1], 1);
  const whole = { attempt: 2, bytes: 8, crc: crc32(new TextEncoder().encode("[1,2,3 ]")) };
  const hears = (offset: number, data: string, more: object = {}): void =>
    hear(made, "n2", "installSnapshot", { ...part(20, 5), ...whole, offset, data, ...more });
  hears(4, "2,3 "); // nothing is in front of it
  hears(0, "[1,2");
  hears(0, "[9,9", { attempt: 1 }); // a late one
  hears(0, "[1,2"); // a copy
  workAll(made);
  expect(made.effects.filter(({ type }) => type === "writeSnapshot")).toMatchObject([
    { install: 1, offset: 0, data: new TextEncoder().encode("[1,2") },
  ]);
  expect(sent(made, "installSnapshotReply").map(({ offset }) => offset)).toEqual([0, 0, 4]);
  hears(0, "[1,2,3 ]", { attempt: 3 });
  hears(4, ",3 ]"); // of the attempt before
  workAll(made);
  expect(typesOf(made, "writeSnapshot", "abortSnapshot", "commitSnapshot")).toEqual([
    "writeSnapshot",
    "abortSnapshot",
    "writeSnapshot",
    "commitSnapshot",
  ]);
});

test("parts of two snapshots under one attempt are no snapshot: the sender is cut", () => {
  const made = follower([1], 1);
  hear(made, "n2", "installSnapshot", { ...part(20, 5), bytes: 9, data: "[1,2" });
  made.effects = [];
  for (const more of [{ bytes: 10 }, { crc: 1 }, { last: "21/5" }]) {
    const fields = { ...part(20, 5), bytes: 9, offset: 4, data: ",3]" };
    hear(made, "n2", "installSnapshot", { ...fields, ...more });
  }
  expect(made.effects).toMatchObject(
    Array.from({ length: 3 }, () => ({ type: "dropped", reason: "impossible", disconnect: true })),
  );
});

test("data that isn't what was announced is refused, and what was there stays", () => {
  const made = follower([1, 1], 3);
  hear(made, "n2", "installSnapshot", part(20, 5, { crc: 7 }));
  workAll(made);
  persist(made);
  expect(sent(made, "installSnapshotReply").at(-1)).toMatchObject({
    outcome: "damaged",
    attempt: 1,
  });
  expect(made.node.raft.status).toMatchObject({ lastIndex: 3, snapshot: null });
});

test("an install ends with its term, unless it is being committed", () => {
  const receiving = follower([1], 1);
  hear(receiving, "n2", "installSnapshot", part(20, 5, { bytes: 9999 }));
  hear(receiving, "n3", "requestVote", { term: 6, last: "0/0" });
  expect(typesOf(receiving, "abortSnapshot")).toEqual([]); // the leader was just heard
  hear(receiving, "n3", "appendEntries", { term: 6, prev: "2/1", commit: 1, round: 1 });
  expect(typesOf(receiving, "abortSnapshot")).toEqual(["abortSnapshot"]);

  const committing = follower([1], 1);
  hear(committing, "n2", "installSnapshot", part(20, 5));
  hear(committing, "n3", "appendEntries", { term: 6, prev: "2/1", commit: 1, round: 1 });
  workAll(committing);
  persist(committing);
  expect(typesOf(committing, "abortSnapshot")).toEqual([]);
  // What is committed is in n3's log, too.
  expect(sent(committing, "appendEntriesReply").at(-1)).toMatchObject({ term: 6, matchIndex: 20 });
});

test("a voter whose snapshot is lost keeps log and vote, doesn't campaign, and asks for one", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  persist(made);
  crash(made.node);
  made.node.snapshots.isDamaged = true;
  made.effects = [];
  restart(made.node);
  endTurns(made.cluster);
  expect(made.effects).toContainEqual({ type: "notice", notice: "snapshotMissing", peer: null });
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "preVote")).toEqual([]);
  expect(made.node.raft.status).toMatchObject({
    baseIndex: 80,
    lastIndex: 100,
    lacksSnapshot: true,
  });
  hear(made, "n2", "appendEntries", { term: 5, prev: "100/2", commit: 100, round: 1 });
  persist(made);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    matchIndex: 100,
    neededSnapshot: 100,
  });
  expect(typesOf(made, "apply", "restore")).toEqual([]);
  // One below what was lost can't take its place; that one would have to be trusted with the log.
  hear(made, "n2", "installSnapshot", part(89, 2));
  expect(typesOf(made, "writeSnapshot")).toEqual([]);
  hear(made, "n2", "installSnapshot", part(100, 2));
  workAll(made);
  persist(made);
  expect(typesOf(made, "restore")).toEqual(["restore"]);
  expect(operationsOf(made).filter((one) => one.startsWith("resetTo"))).toEqual([]);
  expect(made.node.raft.status).toMatchObject({ lastIndex: 100, lacksSnapshot: false });
  // With it the node knows again who votes: it may campaign.
  expect(made.node.raft.status.configuration?.voters).toHaveLength(3);
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "preVote")).not.toEqual([]);
});

test("a machine that holds the state doesn't know who votes: without its snapshot the node asks for one", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  persist(made);
  crash(made.node);
  made.node.snapshots.newest = null;
  made.effects = [];
  restart(made.node, { keepsState: true });
  endTurns(made.cluster);
  expect(made.node.raft.status).toMatchObject({
    baseIndex: 80,
    lastApplied: 100,
    lacksSnapshot: true,
  });
  hear(made, "n2", "appendEntries", { term: 5, prev: "100/2", commit: 100, round: 1 });
  persist(made);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({
    matchIndex: 100,
    neededSnapshot: 80,
  });
  hear(made, "n2", "installSnapshot", part(90, 2));
  workAll(made);
  persist(made);
  expect(made.node.raft.status.configuration?.voters).toHaveLength(3);
  expect(typesOf(made, "restore")).toEqual([]);
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "preVote")).not.toEqual([]);
});

test("a log that doesn't reach a damaged snapshot gets one that can take its place, no older one", () => {
  // The crash came between the snapshot and the reset of the log.
  const made = solo(3, { terms: [1, 1], currentTerm: 5 });
  hear(made, "n2", "installSnapshot", part(20, 5));
  persist(made);
  workAll(made);
  crash(made.node);
  made.node.snapshots.isDamaged = true;
  made.effects = [];
  restart(made.node);
  endTurns(made.cluster);
  hear(made, "n2", "appendEntries", { term: 5, prev: "0/0", commit: 20, round: 1 });
  persist(made);
  expect(sent(made, "appendEntriesReply").at(-1)).toMatchObject({ neededSnapshot: 20 });
  hear(made, "n2", "installSnapshot", part(15, 5));
  expect(typesOf(made, "writeSnapshot")).toEqual([]);
  hear(made, "n2", "installSnapshot", part(20, 5, { attempt: 2 }));
  workAll(made);
  persist(made);
  expect(made.node.raft.status).toMatchObject({ lastApplied: 20, lacksSnapshot: false });
});

test("a restart finds the snapshot with the log behind it, or resets the log to it", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  persist(made);
  propose(made, 3);
  persist(made);
  crash(made.node);
  made.effects = [];
  restart(made.node);
  endTurns(made.cluster);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 80, lastIndex: 103, lastApplied: 100 });
  // The crash came between the snapshot and the reset of the log.
  const cut = solo(3, { terms: [1, 1], currentTerm: 5 });
  hear(cut, "n2", "installSnapshot", part(20, 5));
  persist(cut);
  workAll(cut);
  crash(cut.node);
  cut.effects = [];
  restart(cut.node);
  endTurns(cut.cluster);
  expect(operationsOf(cut)).toEqual(["resetTo 20"]);
  expect(cut.node.raft.status).toMatchObject({ baseIndex: 20, lastIndex: 20, lastApplied: 20 });
  expect(typesOf(cut, "apply", "restore")).toEqual([]);
});

test("a restart makes up for a compaction that a crash prevented", () => {
  const made = committedLeader(100, BOUND);
  capture(made.node);
  // Durable, but the node was never told.
  made.node.snapshots.work.shift()?.();
  crash(made.node);
  made.effects = [];
  restart(made.node);
  endTurns(made.cluster);
  expect(operationsOf(made)).toEqual(["compactThrough 80"]);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 80, lastIndex: 100, lastApplied: 100 });
});
