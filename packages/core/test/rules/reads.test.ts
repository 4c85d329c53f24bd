// A linearizable read is answered when a majority has confirmed, after the read began, that this node
// still leads, with an index that no acknowledged write is beyond (thesis §6.4; R26; hazards 36 to 38).
import { expect, test } from "vitest";
import { step } from "../support/cluster.js";
import { hear, persist, solo, soloLeader, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";

function read({ cluster, node }: Solo): void {
  step(cluster, node, { type: "read", id: node.nextReadId++, byLease: false });
  timeout({ cluster, node, effects: [] });
}

function answer(made: Solo, from: string, round: number, match = 2): void {
  const { currentTerm } = made.node.raft.status;
  hear(made, from, "appendEntriesReply", {
    term: currentTerm,
    round,
    success: "true",
    match,
    verified: match,
  });
}

const ready = (made: Solo): [number, number][] =>
  made.effects.flatMap((effect) =>
    effect.type === "readReady" ? [[effect.id, effect.index]] : [],
  );

/** The round that the leader's last AppendEntries named. */
function round(made: Solo): number {
  for (const effect of made.effects.toReversed()) {
    if (effect.type === "send" && effect.message.type === "appendEntries") {
      return effect.message.round;
    }
  }
  return 0;
}

function serving(nodes: number): Solo {
  const made = soloLeader(nodes);
  persist(made);
  for (let i = 2; i <= nodes; i++) answer(made, `n${i}`, 1);
  expect(made.node.raft.status.commitIndex).toBe(2);
  return made;
}

test("a read waits for a majority, not for one answer", () => {
  const made = serving(5);
  read(made);
  answer(made, "n2", round(made));
  answer(made, "n2", round(made));
  expect(ready(made)).toEqual([]);
  answer(made, "n3", round(made));
  expect(ready(made)).toEqual([[1, 2]]);
});

test("an answer to a round that began before the read confirms nothing", () => {
  const made = serving(3);
  timeout(made);
  const before = round(made);
  read(made);
  answer(made, "n2", before);
  expect(ready(made)).toEqual([]);
  answer(made, "n2", round(made));
  expect(ready(made)).toEqual([[1, 2]]);
});

test("a read that comes while a round is under way waits for the next one", () => {
  const made = serving(3);
  read(made);
  const first = round(made);
  read(made);
  answer(made, "n2", first);
  expect(ready(made)).toEqual([[1, 2]]);
  answer(made, "n2", first);
  expect(ready(made)).toEqual([[1, 2]]);
  answer(made, "n2", round(made));
  expect(ready(made)).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

test("nothing is answered before an entry of the own term is committed (hazard 36)", () => {
  const made = soloLeader(3);
  persist(made);
  read(made);
  answer(made, "n2", 1, 0);
  timeout(made);
  answer(made, "n2", round(made), 0);
  answer(made, "n3", round(made), 0);
  expect(ready(made)).toEqual([]);
  answer(made, "n2", round(made), 2);
  answer(made, "n2", round(made), 2);
  expect(ready(made)).toEqual([[1, 2]]);
});

test("answers of strangers and of another data directory confirm nothing", () => {
  const made = serving(3);
  read(made);
  const fields = { term: 2, round: round(made), success: "true", match: 2, verified: 2 };
  hear(made, "n9", "appendEntriesReply", fields);
  hear(made, "n2", "appendEntriesReply", fields, { incarnation: "n2-data-directory-2" });
  expect(ready(made)).toEqual([]);
  hear(made, "n2", "appendEntriesReply", fields);
  expect(ready(made)).toEqual([[1, 2]]);
});

test("a leader that steps down answers no read", () => {
  const made = serving(3);
  read(made);
  hear(made, "n2", "appendEntries", { term: 3, prev: "2/2", round: 1 });
  expect(ready(made)).toEqual([]);
  expect(made.effects).toContainEqual({ type: "readRejected", id: 1 });
});

test("elsewhere only the answer of this leader to this question of this run counts", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  read(made);
  read(made);
  const reply = { term: 2, run: 1, id: 1, success: "true", index: 1 };
  hear(made, "n2", "readIndexReply", { ...reply, run: 2 });
  hear(made, "n3", "readIndexReply", reply);
  expect(ready(made)).toEqual([]);
  hear(made, "n2", "readIndexReply", reply);
  expect(ready(made)).toEqual([[1, 1]]);
  // The second one was asked after the first one's answer: a copy of that isn't its own.
  hear(made, "n2", "readIndexReply", reply);
  expect(ready(made)).toEqual([[1, 1]]);
  hear(made, "n2", "readIndexReply", { ...reply, id: 2 });
  expect(ready(made)).toEqual([
    [1, 1],
    [2, 1],
  ]);
});
