// The schedules that broke drafts and other implementations (hazards 23, 26, 27, 30, 68 and 71): one
// node, told exactly what leads there.
import { expect, test } from "vitest";
import type { Effect, Message } from "@raftkit/core";
import { Raft } from "@raftkit/core";
import { configurationOf, crash, endTurns, incarnationOf, restart } from "../support/cluster.js";
import { configurationAt } from "../support/membership.js";
import { hear, persist, sent, solo, soloLeader, timeout } from "../support/solo.js";
import {
  acknowledge,
  change,
  follow,
  FOUR,
  quiet,
  readyLeader,
  senderOf,
} from "../support/schedules.js";

test("no change before an entry of the leader's own term is committed (hazard 23)", () => {
  const made = soloLeader(3);
  persist(made);
  expect(change(made, ["n1", "n2"])).toEqual({ type: "notReady" });
  expect(made.node.raft.status.lastIndex).toBe(2);
  acknowledge(made, "n2", 2);
  acknowledge(made, "n3", 1);
  expect(change(made, ["n1", "n2"])).toMatchObject({ type: "accepted", index: 3 });
});

test("a joint entry commits with both majorities only, and is left only when it is committed", () => {
  const made = readyLeader(4);
  expect(change(made, ["n1", "n2", "n3"])).toMatchObject({ type: "accepted", index: 3 });
  persist(made);
  expect(configurationAt(made.node)).toBe("n1,n2,n3 outgoing=n1,n2,n3,n4");
  // {n1, n2} is a majority of the new half, not of the old one.
  acknowledge(made, "n2", 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 2, lastIndex: 3 });
  acknowledge(made, "n4", 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, lastIndex: 4 });
  expect(configurationAt(made.node)).toBe("n1,n2,n3");
});

test("the old half alone commits nothing in a joint phase", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2"]);
  persist(made);
  acknowledge(made, "n3", 3);
  acknowledge(made, "n4", 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 2, lastIndex: 3 });
  acknowledge(made, "n2", 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, lastIndex: 4 });
});

test("in a joint phase nothing but the leave follows, whoever asks", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  for (const [voters, learners] of [
    [FOUR, []],
    [["n1", "n2", "n3"], ["n4"]],
    [["n1"], []],
  ] as const) {
    expect(change(made, voters, learners)).toEqual({ type: "inProgress", index: 3 });
  }
  expect(made.node.raft.status.lastIndex).toBe(3);
  // Nor does it come back to the old one by an address.
  hear(made, "n2", "introduce", { address: "moved.test:1", instance: "cluster-instance-1" });
  expect(made.node.raft.status.lastIndex).toBe(3);
});

test("a leader outside the new half leads until the leave is committed, and doesn't count itself (hazard 26)", () => {
  const made = readyLeader(4);
  change(made, ["n2", "n3", "n4"]);
  persist(made);
  acknowledge(made, "n2", 3);
  // n1 and n2 of the old half would be two of four, n2 one of three in the new one.
  expect(made.node.raft.status.commitIndex).toBe(2);
  acknowledge(made, "n3", 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, lastIndex: 4, role: "leader" });
  persist(made);
  acknowledge(made, "n2", 4);
  // With its own it would be two of three.
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, role: "leader" });
  made.effects = [];
  acknowledge(made, "n3", 4);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 4, role: "follower" });
  // The last that it says is that the change is committed.
  expect(sent(made, "appendEntries").map(({ leaderCommit }) => leaderCommit)).toEqual([4, 4, 4]);
});

test.each([
  ["in both halves", ["n1", "n2"]],
  ["in the outgoing half alone", ["n2", "n3"]],
])(
  "a new leader %s leaves a joint configuration that is only in its snapshot (hazard 27)",
  (_, voters) => {
    const joint = configurationOf(voters, { outgoing: ["n1", "n2", "n3"] });
    const raft = new Raft(
      {
        ...senderOf("n1"),
        address: "n1.test:7000",
        clusterInstance: joint.clusterInstance,
        bootstrap: [],
        random: () => 0,
        electionTimeoutMs: { min: 150, max: 300 },
        heartbeatIntervalMs: 50,
        maxMessageBytes: 2 ** 20,
        maxInflightMessages: 16,
        maxInflightBytes: 2 ** 20,
        maxUncommittedBytes: 2 ** 20,
        maxLogBytes: 2 ** 20,
      },
      {
        hardState: { currentTerm: 1, votedFor: null },
        base: { index: 5, term: 1 },
        snapshot: {
          snapshotId: "1",
          index: 5,
          term: 1,
          configuration: joint,
          configurationIndex: 4,
          bytes: 1,
          crc: 1,
        },
        damagedSnapshotIndex: 0,
        entries: [],
        applied: 5,
      },
    );
    const effects: Effect[] = [];
    let seq = 0;
    const feed = (input: Parameters<Raft["step"]>[1]): void => {
      for (const one of [input, { type: "tick" } as const]) {
        for (const effect of raft.step(1000 + effects.length / 1e6, one)) {
          effects.push(effect);
          if (effect.type === "persist") ({ seq } = effect);
        }
      }
    };
    const receive = (from: string, message: Message): void =>
      feed({ type: "receive", from: senderOf(from), message });
    const to = incarnationOf("n1");
    raft.step(0, { type: "tick" });
    feed({ type: "tick" });
    for (const id of ["n2", "n3"]) {
      receive(id, { type: "preVoteReply", to, term: 2, voteGranted: true });
    }
    feed({ type: "persisted", seq });
    for (const id of ["n2", "n3"]) {
      receive(id, { type: "requestVoteReply", to, term: 2, voteGranted: true });
    }
    expect(raft.status).toMatchObject({ role: "leader", configurationIndex: 4, lastIndex: 6 });
    feed({ type: "persisted", seq });
    // The joint entry is committed, no entry of this term is.
    expect(raft.status).toMatchObject({ role: "leader", commitIndex: 5 });
    for (const id of ["n2", "n3"]) {
      receive(id, {
        type: "appendEntriesReply",
        to,
        term: 2,
        round: 1,
        success: true,
        matchIndex: 6,
        verifiedIndex: 6,
        prevLogIndex: 0,
        conflictIndex: 0,
        conflictTerm: 0,
        neededSnapshot: 0,
        promised: false,
      });
    }
    expect(raft.status).toMatchObject({ role: "leader", configurationIndex: 7, commitIndex: 6 });
    expect(raft.status.configuration?.outgoing).toEqual([]);
  },
);

test("no change before the one before it is committed (hazard 23)", () => {
  const made = readyLeader(4);
  expect(change(made, ["n1", "n2", "n3", "n4"].slice(0, 4), [])).toMatchObject({ index: 1 });
  expect(change(made, ["n1", "n2"], ["n3"])).toMatchObject({ type: "accepted", index: 3 });
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  // Left, and the leave isn't committed.
  expect(configurationAt(made.node)).toBe("n1,n2 learners=n3");
  expect(change(made, ["n1", "n2"])).toEqual({ type: "inProgress", index: 4 });
  persist(made);
  acknowledge(made, "n2", 4);
  expect(change(made, ["n1", "n2"])).toMatchObject({ type: "accepted", index: 5 });
  // A plain one, too.
  expect(change(made, ["n1", "n2"], ["n3"])).toEqual({ type: "inProgress", index: 5 });
});

test("c1 was declared lost and c2 took its place: a vote for the one is none for the other (hazard 68)", () => {
  const made = solo(3);
  quiet(made);
  hear(made, "n3", "requestVote", { term: 5, last: "9/4" });
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  made.effects = [];
  const again = { incarnation: incarnationOf("n3", 2) };
  hear(made, "n3", "requestVote", { term: 5, last: "9/4", configuration: 9 }, again);
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: false }]);
  // And so after a restart: the stored vote names the data directory.
  crash(made.node);
  restart(made.node);
  endTurns(made.cluster);
  quiet(made);
  made.effects = [];
  hear(made, "n3", "requestVote", { term: 5, last: "9/4", configuration: 9 }, again);
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: false }]);
});

test("a candidate counts the votes of the data directories that its configuration names (hazard 68)", () => {
  const made = solo(5);
  timeout(made);
  for (const id of ["n2", "n3", "n4"]) {
    const lost = { incarnation: incarnationOf(id, 2) };
    hear(made, id, "preVoteReply", { term: 2, granted: "true" }, lost);
  }
  expect(made.node.raft.status.currentTerm).toBe(1);
  for (const id of ["n2", "n3"]) hear(made, id, "preVoteReply", { term: 2, granted: "true" });
  persist(made);
  for (const id of ["n2", "n3", "n4"]) {
    const lost = { incarnation: incarnationOf(id, 2) };
    hear(made, id, "requestVoteReply", { term: 2, granted: "true" }, lost);
  }
  expect(made.node.raft.status.role).toBe("candidate");
  for (const id of ["n2", "n3"]) hear(made, id, "requestVoteReply", { term: 2, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
});

test("a candidate in a joint phase needs both halves", () => {
  const made = solo(4);
  follow(made, 2, configurationOf(["n1", "n2"], { outgoing: FOUR }), 1);
  persist(made);
  timeout(made);
  for (const id of FOUR) hear(made, id, "preVoteReply", { term: 3, granted: "true" });
  persist(made);
  for (const id of ["n3", "n4"]) hear(made, id, "requestVoteReply", { term: 3, granted: "true" });
  // Three of the old four, one of the new two.
  expect(made.node.raft.status.role).toBe("candidate");
  hear(made, "n2", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
});
