// The schedules that broke drafts and other implementations (hazards 23, 26, 27, 30, 68 and 71): one
// node, told exactly what leads there.
import { expect, test } from "vitest";
import type { Configuration, Effect, Message, Sender } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind, Raft } from "@raftkit/core";
import {
  configurationOf,
  crash,
  deliver,
  endTurns,
  incarnationOf,
  restart,
  step,
} from "../support/cluster.js";
import { configurationAt } from "../support/membership.js";
import { hear, persist, sent, solo, soloLeader, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";

const FOUR = ["n1", "n2", "n3", "n4"];

const senderOf = (id: string): Sender => ({ id, incarnation: incarnationOf(id), run: 1 });

function tell(made: Solo, from: Sender, message: Message): void {
  deliver(made.cluster, { from, to: "n1", message, held: false });
  endTurns(made.cluster);
}

/** n1 is asked for these members in place of those in force. */
function change(made: Solo, voters: readonly string[], learners: readonly string[] = []): unknown {
  const { configurationIndex: expected } = made.node.raft.status;
  step(made.cluster, made.node, { type: "changeMembership", id: 1, expected, voters, learners });
  endTurns(made.cluster);
  const verdict = made.effects.findLast((effect) => effect.type === "membershipVerdict");
  return verdict?.type === "membershipVerdict" ? verdict.verdict : undefined;
}

/** A follower has everything up to there. */
function acknowledge(made: Solo, id: string, match: number): void {
  const { currentTerm: term } = made.node.raft.status;
  hear(made, id, "appendEntriesReply", { term, success: "true", round: 1, match, verified: match });
}

/** n1 leads term 2, and its no-op at 2 is committed. */
function readyLeader(nodes: number): Solo {
  const made = soloLeader(nodes);
  persist(made);
  for (let i = 2; i <= nodes; i++) acknowledge(made, `n${i}`, 2);
  expect(made.node.raft.status).toMatchObject({ role: "leader", commitIndex: 2 });
  return made;
}

/** n1 follows n2, which sends a configuration. */
function follow(made: Solo, index: number, configuration: Configuration, commit: number): void {
  tell(made, senderOf("n2"), {
    type: "appendEntries",
    to: incarnationOf("n1"),
    term: 2,
    prevLogIndex: index - 1,
    prevLogTerm: index === 2 ? 1 : 2,
    leaderCommit: commit,
    round: index,
    matchIndex: 0,
    entries: [encodeRun(index, 2, EntryKind.configuration, [encodeConfiguration(configuration)])],
  });
}

const quiet = (made: Solo): void => {
  made.cluster.now += 1000;
};

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

test("a removal is said of a committed configuration only (hazard 71)", () => {
  const made = solo(4);
  follow(made, 2, configurationOf(["n1", "n2", "n3"], { outgoing: FOUR }), 2);
  follow(made, 3, configurationOf(["n1", "n2", "n3"]), 2);
  persist(made);
  quiet(made);
  made.effects = [];
  hear(made, "n4", "preVote", { term: 3, last: "2/2", configuration: 2 });
  expect(sent(made, "removed")).toEqual([]);
  expect(sent(made, "preVoteReply")).toHaveLength(1);
  hear(made, "n2", "appendEntries", { term: 2, prev: "3/2", commit: 3, round: 9 });
  made.effects = [];
  for (const type of ["preVote", "requestVote"] as const) {
    hear(made, "n4", type, { term: 9, last: "9/8", configuration: 2 });
  }
  expect(sent(made, "removed").map(({ configurationIndex }) => configurationIndex)).toEqual([3, 3]);
  expect(sent(made, "preVoteReply")).toEqual([]);
  expect(made.node.raft.status.currentTerm).toBe(2);
  // One that goes by a later configuration may have been added again.
  made.effects = [];
  hear(made, "n4", "preVote", { term: 3, last: "2/2", configuration: 4 });
  expect(sent(made, "removed")).toEqual([]);
});

test("whoever is told that it was removed campaigns no more, until a leader names it again", () => {
  const made = solo(3);
  timeout(made);
  hear(made, "n9", "removed", { term: 1, configuration: 7 });
  expect(made.node.raft.status).toMatchObject({ role: "candidate", removedAt: 0 });
  hear(made, "n2", "removed", { term: 1, configuration: 7 });
  expect(made.node.raft.status).toMatchObject({ role: "follower", removedAt: 7 });
  made.effects = [];
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "preVote")).toEqual([]);
  // Its own log says nothing new: it stays as it is.
  follow(
    made,
    2,
    configurationOf(["n2", "n3"], { learners: ["n1"], outgoing: ["n1", "n2", "n3"] }),
    1,
  );
  expect(made.node.raft.status.removedAt).toBe(0);
  persist(made);
  quiet(made);
  made.effects = [];
  timeout(made);
  expect(sent(made, "preVote")).toHaveLength(2);
});

test("an answer about the time before the latest configuration here removes nobody", () => {
  const made = solo(3);
  follow(made, 2, configurationOf(["n1", "n2", "n3"], { learners: ["n4"] }), 1);
  persist(made);
  timeout(made);
  hear(made, "n2", "removed", { term: 2, configuration: 1 });
  expect(made.node.raft.status).toMatchObject({ role: "candidate", removedAt: 0 });
});

test("the only one that holds the entry by which it leaves must campaign (thesis §4.2.2)", () => {
  const made = readyLeader(2);
  change(made, ["n2"]);
  persist(made);
  acknowledge(made, "n2", 3);
  persist(made);
  expect(configurationAt(made.node)).toBe("n2");
  crash(made.node);
  restart(made.node);
  endTurns(made.cluster);
  made.effects = [];
  // It also introduces itself, every heartbeat interval.
  for (let i = 0; i < 9 && made.node.raft.status.role === "follower"; i++) timeout(made);
  expect(sent(made, "preVote")).toHaveLength(1);
  hear(made, "n2", "preVoteReply", { term: 3, granted: "true" });
  persist(made);
  expect(made.node.raft.status.role).toBe("candidate");
  hear(made, "n2", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
});

test("a learner that doesn't know yet that it votes grants its vote", () => {
  const made = solo(3);
  follow(made, 2, configurationOf(["n2", "n3"], { outgoing: ["n1", "n2", "n3"] }), 2);
  follow(made, 3, configurationOf(["n2", "n3"]), 3);
  follow(made, 4, configurationOf(["n2", "n3"], { learners: ["n1"] }), 4);
  persist(made);
  quiet(made);
  made.effects = [];
  hear(made, "n3", "requestVote", { term: 5, last: "5/2", configuration: 5 });
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  for (let i = 0; i < 3; i++) timeout(made);
  expect(sent(made, "preVote")).toEqual([]);
});

test("a stranger's later term deposes nobody, a member's does (hazard 30)", () => {
  const made = readyLeader(3);
  hear(made, "n9", "readIndex", { term: 9, id: 1 });
  hear(made, "n9", "forward", { term: 9, seq: 1 });
  hear(made, "n9", "appendEntriesReply", { term: 9, success: "false" });
  const lost = { incarnation: incarnationOf("n2", 2) };
  hear(made, "n2", "appendEntriesReply", { term: 9, success: "false" }, lost);
  expect(made.node.raft.status).toMatchObject({ role: "leader", currentTerm: 2 });
  hear(made, "n2", "appendEntriesReply", { term: 9, success: "false" });
  expect(made.node.raft.status).toMatchObject({ role: "follower", currentTerm: 9 });
});

test("a leader that the configuration doesn't name yet is followed", () => {
  const made = solo(3);
  hear(made, "n9", "appendEntries", { term: 9, prev: "1/1", round: 1 });
  expect(made.node.raft.status).toMatchObject({ currentTerm: 9, leaderId: "n9" });
});

test("members that are left out are followed until they know that it is committed", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  const peers = (): string[] => made.node.raft.status.peers.map(({ id }) => id);
  expect(made.node.raft.status.configuration?.outgoing).toEqual([]);
  expect(peers()).toEqual(["n2", "n3", "n4"]);
  acknowledge(made, "n2", 4);
  expect(made.node.raft.status.commitIndex).toBe(4);
  timeout(made);
  expect(peers()).toEqual(["n2", "n3", "n4"]);
  const { round } = sent(made, "appendEntries").at(-1) ?? { round: 0 };
  const fields = { term: 2, success: "true", match: 4, verified: 4 };
  // What it says of an earlier round tells nothing.
  hear(made, "n4", "appendEntriesReply", { ...fields, round: round - 1 });
  timeout(made);
  expect(peers()).toContain("n4");
  hear(made, "n4", "appendEntriesReply", { ...fields, round: round + 1 });
  timeout(made);
  expect(peers()).toEqual(["n2", "n3"]);
});

test("a member that has left and never answers is let go after a while", () => {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  for (let i = 0; i < 100; i++) {
    for (const id of ["n2", "n3"]) acknowledge(made, id, 4);
    timeout(made);
  }
  expect(made.node.raft.status.role).toBe("leader");
  expect(made.node.raft.status.peers.map(({ id }) => id)).toEqual(["n2", "n3"]);
});

test("a copy of a change that was accepted gets the same answer", () => {
  const made = readyLeader(3);
  const message: Message = {
    type: "changeMembership",
    to: incarnationOf("n1"),
    term: 2,
    id: 7,
    expected: 1,
    voters: ["n1", "n2"],
    learners: ["n3"],
  };
  for (let i = 0; i < 2; i++) tell(made, senderOf("n2"), message);
  expect(sent(made, "changeMembershipReply").map(({ verdict }) => verdict)).toEqual([
    { type: "accepted", index: 3, term: 2 },
    { type: "accepted", index: 3, term: 2 },
  ]);
  tell(made, senderOf("n9"), { ...message, id: 8 });
  expect(sent(made, "changeMembershipReply")).toHaveLength(2);
});

test("a learner that is behind doesn't become a voter", () => {
  const made = readyLeader(3);
  change(made, ["n1", "n2"], ["n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  acknowledge(made, "n2", 4);
  // It hasn't got the latest entry for too long; then it got that, but took too long for it.
  made.cluster.now += 200;
  expect(change(made, ["n1", "n2", "n3"])).toEqual({
    type: "notCaughtUp",
    id: "n3",
    matchIndex: 3,
    lastIndex: 4,
  });
  acknowledge(made, "n3", 4);
  expect(change(made, ["n1", "n2", "n3"])).toMatchObject({ type: "notCaughtUp", matchIndex: 4 });
  made.cluster.now += 20;
  acknowledge(made, "n3", 4);
  expect(change(made, ["n1", "n2", "n3"])).toMatchObject({ type: "accepted" });
});
