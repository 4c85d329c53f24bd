// What was lost is sent again, what is only slow isn't, and a heartbeat is never refused for having
// overtaken data (R12, R13, R20; decision 0013; hazards 52 and 65).
import { expect, test } from "vitest";
import type { AppendEntries, NodeId } from "@raftkit/core";
import type { TestNode } from "../support/cluster.js";
import { addNode, nodeOf, restart, step } from "../support/cluster.js";
import { hear, solo } from "../support/solo.js";
import type { Timed } from "../support/timed.js";
import { newTimed, runUntil } from "../support/timed.js";

const IDS = ["n1", "n2", "n3"];
const MIB = 2 ** 20;

/** n1 leads, everything of its election is done. */
function leading(options: Parameters<typeof addNode>[2]["options"] = {}): Timed {
  const timed = newTimed();
  for (const id of IDS) {
    const draw = id === "n1" ? 0 : 0.9;
    addNode(timed.cluster, id, { bootstrap: IDS, terms: [], random: () => draw, options });
  }
  runUntil(timed, 400);
  expect(leader(timed).raft.status).toMatchObject({ role: "leader", commitIndex: 2 });
  timed.sent.length = 0;
  return timed;
}

function leader(timed: Timed): TestNode {
  return nodeOf(timed.cluster, "n1");
}

function propose(timed: Timed, ...sizes: readonly number[]): void {
  const node = leader(timed);
  const commands = sizes.map((size) => new Uint8Array(size));
  step(timed.cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
  node.nextSeq += commands.length;
}

function appendsTo(
  timed: Timed,
  id: NodeId,
): { at: number; message: AppendEntries; bytes: number }[] {
  return timed.sent.flatMap(({ at, packet: { to, message }, bytes }) =>
    to === id && message.type === "appendEntries" ? [{ at, message, bytes }] : [],
  );
}

/** How often each entry was sent to n2. */
function copies(timed: Timed): Map<number, number> {
  const sent = new Map<number, number>();
  for (const { message } of appendsTo(timed, "n2")) {
    for (const { firstIndex, count } of message.entries) {
      for (let i = firstIndex; i < firstIndex + count; i++) sent.set(i, (sent.get(i) ?? 0) + 1);
    }
  }
  return sent;
}

function isCommittedEverywhere(timed: Timed, index: number): () => boolean {
  return () => IDS.every((id) => nodeOf(timed.cluster, id).raft.status.commitIndex >= index);
}

test.each([
  ["3.9 MiB over 100 Mbit/s", 3.9 * MIB, 12_500],
  ["1 MiB over 20 Mbit/s", MIB, 2_500],
  ["8 MiB over 1 MiB/s", 8 * MIB, MIB / 1000],
])("%s: one leader, and every byte travels once", (_, bytes, bytesPerMs) => {
  const timed = leading();
  timed.bytesPerMs = bytesPerMs;
  propose(timed, bytes);
  const took = bytes / bytesPerMs;
  expect(runUntil(timed, 400 + took + 500, isCommittedEverywhere(timed, 3))).toBe(true);
  for (const id of IDS) {
    expect(nodeOf(timed.cluster, id).raft.status).toMatchObject({ currentTerm: 2 });
  }
  expect([...copies(timed)]).toEqual([[3, 1]]);
});

test("a heartbeat leaves although a large message is under way, and isn't refused", () => {
  const timed = leading();
  timed.bytesPerMs = 1_000;
  propose(timed, MIB);
  runUntil(timed, 1_300);
  const beats = appendsTo(timed, "n2").filter(({ message }) => message.entries.length === 0);
  expect(beats.length).toBeGreaterThanOrEqual(17);
  for (const { message } of beats) expect(message.prevLogIndex).toBe(2);
  for (const { packet } of timed.sent) {
    if (packet.message.type === "appendEntriesReply") expect(packet.message.success).toBe(true);
  }
});

test("a round that is due doesn't wait for a large message", () => {
  const timed = leading();
  propose(timed, MIB);
  step(timed.cluster, leader(timed), { type: "read", id: 1, byLease: false });
  runUntil(timed, timed.cluster.now);
  expect(appendsTo(timed, "n2").map(({ message }) => message.entries.length)).toEqual([1, 0]);
});

test("small messages that overtake a large one don't make it travel twice", () => {
  const timed = leading();
  timed.bytesPerMs = 1_000;
  propose(timed, MIB);
  for (let i = 0; i < 5; i++) {
    runUntil(timed, timed.cluster.now + 20);
    propose(timed, 10);
  }
  expect(runUntil(timed, 3_000, isCommittedEverywhere(timed, 8))).toBe(true);
  expect(copies(timed).get(3)).toBe(1);
  for (const [, count] of copies(timed)) expect(count).toBeLessThanOrEqual(2);
});

test("a commit that overtakes its entry is known when the entry arrives", () => {
  const timed = leading();
  timed.fate = ({ to }) => (to === "n2" ? "lost" : "arrives");
  propose(timed, 10);
  runUntil(timed, timed.cluster.now + 10);
  const [data] = appendsTo(timed, "n2");
  if (!data) throw new Error("nothing was sent to n2");
  const told = nodeOf(timed.cluster, "n2");
  const from = { id: "n1", incarnation: leader(timed).incarnation, run: 1 };
  const announcement = { ...data.message, leaderCommit: 3, entries: [] };
  step(timed.cluster, told, { type: "receive", from, message: announcement });
  expect(told.raft.status.commitIndex).toBe(2);
  step(timed.cluster, told, { type: "receive", from, message: data.message });
  expect(told.raft.status.commitIndex).toBe(3);
});

test("a follower commits what it verified, and nothing behind it (hazard 11)", () => {
  const timed = newTimed();
  for (const id of IDS) {
    addNode(timed.cluster, id, { bootstrap: IDS, terms: [1, 1, 1], currentTerm: 2 });
  }
  const told = nodeOf(timed.cluster, "n2");
  const receive = (prevLogIndex: number, leaderCommit: number, round: number): void =>
    step(timed.cluster, told, {
      type: "receive",
      from: { id: "n1", incarnation: leader(timed).incarnation, run: 1 },
      message: {
        type: "appendEntries",
        to: told.incarnation,
        term: 2,
        prevLogIndex,
        prevLogTerm: 1,
        leaderCommit,
        round,
        matchIndex: 0,
        leaseMs: 0,
        entries: [],
      },
    });
  receive(2, 4, 1);
  expect(told.raft.status.commitIndex).toBe(2);
  // The request names less, but what an earlier one verified stays verified.
  receive(3, 1, 2);
  expect(told.raft.status.commitIndex).toBe(3);
  receive(1, 4, 3);
  expect(told.raft.status.commitIndex).toBe(3);
});

test("a lost message at the end is made good in about two heartbeats", () => {
  for (const offset of [0, 10, 25, 49]) {
    const timed = leading();
    runUntil(timed, 400 + offset);
    timed.fate = ({ message }) =>
      message.type === "appendEntries" && message.entries.length > 0 ? "lost" : "arrives";
    propose(timed, 10);
    runUntil(timed, timed.cluster.now);
    timed.fate = () => "arrives";
    expect(
      runUntil(
        timed,
        400 + offset + 2 * 50 + 10,
        () => nodeOf(timed.cluster, "n2").disk.entries.length === 3,
      ),
    ).toBe(true);
    expect(copies(timed).get(3)).toBe(2);
  }
});

test.each(["lost", "reported"] as const)(
  "when a leadership's first messages are %s, the log that everyone has isn't sent",
  (fate) => {
    const timed = newTimed();
    for (const id of IDS) {
      const draw = id === "n1" ? 0 : 0.9;
      // n2 lacks the last three entries.
      const terms = Array.from({ length: id === "n2" ? 97 : 100 }, () => 1);
      addNode(timed.cluster, id, { bootstrap: IDS, terms, random: () => draw });
    }
    timed.fate = ({ message }) => (message.type === "appendEntries" ? fate : "arrives");
    runUntil(timed, 170);
    expect(leader(timed).raft.status).toMatchObject({ role: "leader", lastIndex: 102 });
    timed.fate = () => "arrives";
    expect(runUntil(timed, 500, isCommittedEverywhere(timed, 102))).toBe(true);
    expect([...copies(timed).keys()].toSorted((a, b) => a - b)).toEqual([99, 100, 101, 102]);
  },
);

test.each([150, 400, 1_000])("a disk that takes %i ms has lost nothing", (syncMs) => {
  const timed = leading();
  timed.syncMs = (id) => (id === "n1" ? 1 : syncMs);
  for (let i = 0; i < 20; i++) {
    propose(timed, 100);
    runUntil(timed, timed.cluster.now + 37);
  }
  expect(runUntil(timed, 8_000, isCommittedEverywhere(timed, 22))).toBe(true);
  for (const [index, count] of copies(timed)) expect(`${index}: ${count}`).toBe(`${index}: 1`);
});

test("a disk that is slow doesn't narrow the window: nothing waits for what has arrived", () => {
  const timed = leading();
  timed.delayMs = 20;
  timed.syncMs = (id) => (id === "n1" ? 1 : 1_000);
  propose(timed, 100);
  runUntil(timed, timed.cluster.now + 500);
  for (let i = 0; i < 3; i++) {
    propose(timed, 100);
    runUntil(timed, timed.cluster.now + 1); // a twentieth of one way
  }
  expect([...copies(timed)]).toEqual([3, 4, 5, 6].map((index) => [index, 1]));
});

test("a link slower than expected gets a message through, after few copies", () => {
  const timed = leading();
  timed.bytesPerMs = 100;
  propose(timed, MIB);
  expect(runUntil(timed, 60_000, isCommittedEverywhere(timed, 3))).toBe(true);
  expect(timed.cluster.now).toBeLessThan(12_000);
  expect(copies(timed).get(3)).toBeLessThanOrEqual(5);
  for (const id of IDS) expect(nodeOf(timed.cluster, id).raft.status.currentTerm).toBe(2);
});

test("what was received and not yet durable is sent again when its node has lost it", () => {
  const timed = leading();
  timed.syncMs = (id) => (id === "n2" ? Infinity : 1);
  propose(timed, 10);
  runUntil(timed, 600);
  const node = nodeOf(timed.cluster, "n2");
  expect(node.raft.status.lastIndex).toBe(3);
  // A new run of n2 begins without what its disk never had; no transport reports anything.
  timed.syncMs = () => 1;
  timed.writing.delete("n2");
  restartWithoutNotice(timed, node);
  expect(runUntil(timed, 1_000, isCommittedEverywhere(timed, 3))).toBe(true);
});

test("so is what a probe found there", () => {
  const timed = leading();
  timed.syncMs = (id) => (id === "n2" ? Infinity : 1);
  propose(timed, 10);
  runUntil(timed, 440);
  const node = nodeOf(timed.cluster, "n2");
  expect(node.raft.status.lastIndex).toBe(3);
  step(timed.cluster, leader(timed), { type: "unreachable", peer: "n2" });
  runUntil(timed, 600);
  expect(leader(timed).raft.status.peers).toMatchObject([{ id: "n2", nextIndex: 4 }, {}]);
  timed.syncMs = () => 1;
  timed.writing.delete("n2");
  restartWithoutNotice(timed, node);
  expect(runUntil(timed, 1_000, isCommittedEverywhere(timed, 3))).toBe(true);
});

test("an entry that never gets through doesn't fill the link", () => {
  const timed = leading();
  timed.fate = ({ to }, bytes) => (to === "n2" && bytes > 100_000 ? "reported" : "arrives");
  propose(timed, ...Array.from({ length: 8 }, () => MIB));
  runUntil(timed, 1_000);
  timed.sent.length = 0;
  runUntil(timed, 11_000);
  const sent = appendsTo(timed, "n2").filter(({ bytes }) => bytes > 100_000);
  expect(sent.length).toBeGreaterThanOrEqual(5);
  expect(sent.length).toBeLessThanOrEqual(15);
  // Its heartbeats go on.
  const beats = appendsTo(timed, "n2").filter(({ bytes }) => bytes < 1_000);
  expect(beats.length).toBeGreaterThanOrEqual(199);
  // Once it can, it catches up.
  timed.fate = () => "arrives";
  expect(runUntil(timed, 13_000, isCommittedEverywhere(timed, 10))).toBe(true);
});

test("after a probe the window opens slowly", () => {
  const timed = leading({ maxMessageBytes: 100 });
  timed.fate = ({ to }) => (to === "n2" ? "lost" : "arrives");
  step(timed.cluster, leader(timed), { type: "unreachable", peer: "n2" });
  propose(timed, ...Array.from({ length: 64 }, () => 100));
  runUntil(timed, 440);
  timed.fate = () => "arrives";
  timed.delayMs = 5;
  expect(runUntil(timed, 700, isCommittedEverywhere(timed, 66))).toBe(true);
  const perRoundTrip = new Map<number, number>();
  for (const { at, message } of appendsTo(timed, "n2")) {
    if (message.entries.length > 0) perRoundTrip.set(at, (perRoundTrip.get(at) ?? 0) + 1);
  }
  const counts = [...perRoundTrip.values()];
  expect(counts[0]).toBe(1);
  expect(counts[1]).toBe(2);
  expect(Math.max(...counts.slice(0, 3))).toBeLessThanOrEqual(4);
});

test("window bytes don't leak at a probe", () => {
  const timed = leading({ maxInflightBytes: 300 });
  for (let i = 0; i < 10; i++) {
    timed.fate = ({ to }) => (to === "n2" ? "reported" : "arrives");
    propose(timed, 200);
    runUntil(timed, timed.cluster.now + 20);
    timed.fate = () => "arrives";
    runUntil(timed, timed.cluster.now + 1_500);
  }
  expect(isCommittedEverywhere(timed, 12)()).toBe(true);
});

test("a forward is awaited for the time that it and those before it need on the link, too", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  for (const firstSeq of [1, 2]) {
    step(made.cluster, made.node, {
      type: "propose",
      firstSeq,
      commands: [new Uint8Array(2 * MIB)],
    });
  }
  const given = (): number[] =>
    made.effects.flatMap((effect) => (effect.type === "unknown" ? [effect.firstSeq] : []));
  // Five of the longest election timeouts, and a second for each MiB.
  for (const [ms, expected] of [
    [3_499, []],
    [3_510, [1]],
    [5_499, [1]],
    [5_510, [1, 2]],
  ] as const) {
    made.cluster.now = ms - 1;
    hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: ms });
    made.cluster.now = ms;
    step(made.cluster, made.node, { type: "tick" });
    expect(given()).toEqual(expected);
  }
});

function restartWithoutNotice(timed: Timed, node: TestNode): void {
  node.disk.pending.length = 0;
  restart(node);
  runUntil(timed, timed.cluster.now);
}
