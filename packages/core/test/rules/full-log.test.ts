// The bound on the log: what makes way for a command, and who calls itself full, until when.
import { expect, test } from "vitest";
import type { Effect, Message } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import { endTurns, incarnationOf, step } from "../support/cluster.js";
import { hear, persist, sent, solo } from "../support/solo.js";
import type { Solo } from "../support/solo.js";
import { BOUND, committedLeader, snapshotNow } from "../support/snapshot-rules.js";

function proposeBytes({ cluster, node }: Solo, ...sizes: readonly number[]): void {
  const commands = sizes.map((size) => new Uint8Array(size));
  step(cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
  node.nextSeq += commands.length;
  endTurns(cluster);
}

function receive({ cluster, node }: Solo, message: Message): void {
  const from = { id: "n2", incarnation: incarnationOf("n2"), run: 1 };
  step(cluster, node, { type: "receive", from, message });
  endTurns(cluster);
}

/** Of n2 in term 2, with a disk that has stored all it was sent. */
function follower(): Solo {
  const made = solo(3, { terms: [1], options: { maxLogBytes: BOUND } });
  hear(made, "n2", "appendEntries", { term: 2, prev: "2/1", commit: 2, round: 1 });
  persist(made);
  made.effects = [];
  return made;
}

const told = ({ effects }: Solo): string[] =>
  effects.flatMap((effect: Effect) => {
    if (effect.type === "rejected") return [`rejected ${effect.reason}`];
    if (effect.type === "accepted") return [`accepted ${effect.count}`];
    return effect.type === "notice" ? [effect.notice] : [];
  });

test("the tail that compaction kept makes way for a command that finds no room beside it", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 80, logFull: false });
  made.effects = [];
  proposeBytes(made, BOUND - 256);
  expect(told(made)).toEqual(["accepted 1"]);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 100, logBytes: BOUND });
});

test("no entry beyond the newest snapshot makes way", () => {
  const made = committedLeader(100, BOUND);
  snapshotNow(made);
  proposeBytes(made, 1);
  made.effects = [];
  proposeBytes(made, BOUND - 256);
  expect(told(made)).toEqual(["logFull", "rejected logFull"]);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 100, lastIndex: 101, logFull: true });
});

test("a leader is full from a refusal on, until compaction has made room for the like; both are told once", () => {
  const made = committedLeader(100, BOUND);
  const { logBytes } = made.node.raft.status;
  const large = BOUND - logBytes;
  proposeBytes(made, large);
  proposeBytes(made, large);
  expect(told(made)).toEqual(["logFull", "rejected logFull", "rejected logFull"]);
  expect(made.node.raft.status.logFull).toBe(true);
  made.effects = [];
  snapshotNow(made);
  expect(told(made)).toEqual(["logHasRoom"]);
  // As long as nothing is refused anew, it isn't full, however large the log is.
  proposeBytes(made, large, large);
  expect(told(made)).toEqual(["logHasRoom", "accepted 2"]);
  expect(made.node.raft.status.logFull).toBe(false);
});

test("a leader says so of a forward, too; what it led for is over with its leadership", () => {
  const made = committedLeader(100, BOUND);
  const { logBytes } = made.node.raft.status;
  made.effects = [];
  const entries = encodeRun(0, 2, EntryKind.command, [new Uint8Array(BOUND - logBytes)]);
  receive(made, { type: "forward", to: incarnationOf("n1"), term: 2, firstSeq: 1, entries });
  expect(sent(made, "forwardReply")).toMatchObject([{ verdict: "logFull" }]);
  expect(told(made)).toEqual(["logFull"]);
  expect(made.node.raft.status.logFull).toBe(true);
  hear(made, "n2", "appendEntries", { term: 3, prev: "100/2", commit: 100, round: 1 });
  expect(made.node.raft.status).toMatchObject({ role: "follower", logFull: false });
});

test("a follower whose leader had no room isn't full itself", () => {
  const made = follower();
  proposeBytes(made, 20_000);
  const [forward] = sent(made, "forward");
  receive(made, {
    type: "forwardReply",
    to: incarnationOf("n1"),
    term: 2,
    run: made.node.run,
    firstSeq: forward?.firstSeq ?? 0,
    count: 1,
    verdict: "logFull",
    firstIndex: 0,
    entryTerm: 0,
  });
  expect(told(made)).toEqual(["rejected logFull"]);
  expect(made.node.raft.status.logFull).toBe(false);
});

test("a forward of several commands counts for at most half of the bound, or the leader's log refuses it again and again", () => {
  const made = follower();
  proposeBytes(made, 9_000, 9_000, 9_000, 15_000, 9_000);
  const counts = sent(made, "forward").map(({ entries }) => entries.count);
  expect(counts).toEqual([2, 1, 1, 1]);
  for (const { entries } of sent(made, "forward")) {
    expect(entries.bytes.length + entries.count * 256).toBeLessThanOrEqual(BOUND / 2);
  }
});
