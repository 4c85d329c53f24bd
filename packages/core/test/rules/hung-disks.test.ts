// A disk that hangs (hazard 50; docs/rules.md, promise 4): a leader goes on only as long as it isn't
// in the others' way, and nobody asks for votes that its own disk couldn't keep.
import { expect, test } from "vitest";
import { hear, persist, propose, sent, solo, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";
import { acknowledge, readyLeader } from "../support/schedules.js";

const HEARTBEAT_MS = 50;
const LONGEST_TIMEOUT_MS = 300;

/** The others answer each heartbeat: they have its log up to `match`, or all of it. */
function heartbeats(made: Solo, count: number, match?: number, between?: () => void): void {
  for (let i = 0; i < count && made.node.raft.status.role === "leader"; i++) {
    timeout(made);
    between?.();
    const has = match ?? made.node.raft.status.lastIndex;
    for (const id of ["n2", "n3"]) acknowledge(made, id, has);
  }
}

const UNTIL_IT_HANGS = LONGEST_TIMEOUT_MS / HEARTBEAT_MS + 2;

test("a leader whose write takes longer than an election steps down: the others have more", () => {
  const made = readyLeader(3);
  propose(made);
  heartbeats(made, UNTIL_IT_HANGS);
  expect(made.node.raft.status).toMatchObject({ role: "follower", leaderId: null });
});

test("it leads on while its disk keeps up", () => {
  const made = readyLeader(3);
  propose(made);
  heartbeats(made, UNTIL_IT_HANGS, undefined, () => persist(made));
  expect(made.node.raft.status.role).toBe("leader");
});

test("under load it is the oldest write that counts, not the one that began last", () => {
  const made = readyLeader(3);
  heartbeats(made, UNTIL_IT_HANGS, undefined, () => propose(made));
  expect(made.node.raft.status.role).toBe("follower");
});

test("it leads on where no majority has what its disk lacks: nobody could do better", () => {
  const made = readyLeader(3);
  const { durableIndex } = made.node.raft.status;
  propose(made);
  heartbeats(made, 2 * UNTIL_IT_HANGS, durableIndex);
  expect(made.node.raft.status.role).toBe("leader");
});

test("a node whose disk hangs doesn't campaign, and does once it writes again", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", entries: "2", round: 1 });
  made.cluster.now += LONGEST_TIMEOUT_MS + 1;
  for (let timeouts = 0; timeouts < 5; timeouts++) timeout(made);
  expect(sent(made, "preVote")).toEqual([]);
  expect(made.node.raft.status.role).toBe("follower");
  persist(made);
  timeout(made);
  expect(sent(made, "preVote").length).toBeGreaterThan(0);
});
