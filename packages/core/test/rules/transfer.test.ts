// A leader hands its leadership on (thesis §3.10; hazards 35 and 72): whatever becomes of the target,
// nothing is lost, nobody waits longer than the longest election timeout, and what comes too late
// elects nobody.
import { expect, test } from "vitest";
import type { RejectReason } from "@raftkit/core";
import { endTurns, restart, step } from "../support/cluster.js";
import type { NodeSetup } from "../support/cluster.js";
import {
  campaign,
  hear,
  persist,
  propose,
  sent,
  solo,
  soloLeader,
  timeout,
} from "../support/solo.js";
import type { Solo } from "../support/solo.js";

// ---- the leader ---------------------------------------------------------------------------------

/** n1 leads term 2, and everybody has its log, which ends at 2. */
function leading(nodes = 3, setup: Partial<NodeSetup> = {}): Solo {
  const made = soloLeader(nodes, setup);
  persist(made);
  for (let i = 2; i <= nodes; i++) acknowledge(made, `n${i}`, 2);
  made.effects = [];
  return made;
}

function acknowledge(made: Solo, from: string, match: number): void {
  const round = sent(made, "appendEntries").at(-1)?.round ?? 1;
  const term = made.node.raft.status.currentTerm;
  hear(made, from, "appendEntriesReply", { term, round, success: "true", match, verified: match });
}

function transfer({ cluster, node }: Solo, target: string | null): void {
  step(cluster, node, { type: "transferLeadership", id: node.nextTransferId++, target });
  endTurns(cluster);
}

/** Its timers ring until then. */
function advance(made: Solo, ms: number): void {
  const until = made.cluster.now + ms;
  while (made.node.raft.deadline <= until) timeout(made);
  made.cluster.now = until;
}

const rejected = ({ effects }: Solo): RejectReason[] =>
  effects.flatMap((effect) => (effect.type === "rejected" ? [effect.reason] : []));

const endings = ({ effects }: Solo): string[] =>
  effects.flatMap((effect) =>
    effect.type === "transferred"
      ? [`${effect.id} to ${effect.leaderId}`]
      : effect.type === "transferRejected"
        ? [`${effect.id} ${effect.reason}`]
        : [],
  );

test("it takes no command from the moment it was asked, neither its own nor a forwarded one", () => {
  const made = leading(3, { options: { clockIntervalMs: 1 } });
  made.cluster.now += 10;
  transfer(made, "n2");
  propose(made, 2);
  hear(made, "n3", "forward", { term: 2, seq: 1 });
  expect(rejected(made)).toEqual(["transferring"]);
  expect(sent(made, "forwardReply").map(({ verdict }) => verdict)).toEqual(["transferring"]);
  expect(made.node.raft.status).toMatchObject({ lastIndex: 2, transferringTo: "n2" });
});

test("the target is told to campaign when its disk has every entry, and not before (hazard 35)", () => {
  const made = leading();
  propose(made, 2);
  transfer(made, "n2");
  expect(sent(made, "timeoutNow")).toEqual([]);
  acknowledge(made, "n3", 4);
  acknowledge(made, "n2", 3);
  expect(sent(made, "timeoutNow")).toEqual([]);
  acknowledge(made, "n2", 4);
  expect(sent(made, "timeoutNow")).toMatchObject([{ to: "n2-data-directory-1", term: 2 }]);
});

test("what it was told may be lost: it is told again with each heartbeat, under its round", () => {
  const made = leading();
  transfer(made, "n2");
  advance(made, 100);
  const rounds = sent(made, "timeoutNow").map(({ round }) => round);
  expect(rounds).toHaveLength(3);
  expect(new Set(rounds).size).toBe(3);
  // Behind the heartbeat of the same round, so that it isn't taken for a late one.
  const kinds = made.effects.flatMap((effect) =>
    effect.type === "send" && effect.to === "n2" ? [effect.message] : [],
  );
  for (const [i, message] of kinds.entries()) {
    if (message.type !== "timeoutNow") continue;
    const later = kinds.slice(i + 1).find((one) => one.type === "appendEntries");
    if (later?.type === "appendEntries") expect(later.round).toBeGreaterThan(message.round);
  }
});

test.each([
  ["unreachable", "isn't heard", () => {}],
  ["behind", "lacks an entry still", (made: Solo) => acknowledge(made, "n2", 2)],
  ["notElected", "doesn't win", (made: Solo) => acknowledge(made, "n2", 3)],
] as const)(
  "after the longest election timeout it is called off, and commands are taken: %s, the target %s (hazard 35)",
  (reason, _, during) => {
    const made = leading();
    propose(made);
    transfer(made, "n2");
    advance(made, 200);
    during(made);
    acknowledge(made, "n3", 3);
    advance(made, 99);
    propose(made);
    expect([rejected(made), endings(made)]).toEqual([["transferring"], []]);
    advance(made, 1);
    expect(endings(made)).toEqual([`1 ${reason}`]);
    const { lastIndex } = made.node.raft.status;
    propose(made);
    expect(made.node.raft.status).toMatchObject({
      role: "leader",
      lastIndex: lastIndex + 1,
      transferringTo: null,
    });
    // It is over: nobody is told to campaign any more.
    persist(made);
    made.effects = [];
    acknowledge(made, "n2", lastIndex + 1);
    acknowledge(made, "n3", lastIndex + 1);
    advance(made, 100);
    expect(sent(made, "timeoutNow")).toEqual([]);
  },
);

test("by default it goes to the voter that is furthest, of those who answer", () => {
  const made = leading(5);
  propose(made, 3);
  acknowledge(made, "n5", 5);
  made.cluster.now += 40;
  advance(made, 150);
  acknowledge(made, "n2", 2);
  acknowledge(made, "n3", 4);
  acknowledge(made, "n4", 3);
  transfer(made, null);
  expect(made.node.raft.status.transferringTo).toBe("n3");
});

test("who can't lead is refused by name; whoever leads already is transferred to at once", () => {
  const made = leading();
  transfer(made, "n9");
  transfer(made, "n1");
  expect(endings(made)).toEqual(["1 unknownServer", "2 to n1"]);
  propose(made);
  expect(rejected(made)).toEqual([]);
  const alone = leading(1);
  transfer(alone, null);
  expect(endings(alone)).toEqual(["1 noOtherVoter"]);
});

test("a second one to the same target joins the first; to another one it is refused", () => {
  const made = leading();
  transfer(made, "n2");
  transfer(made, "n3");
  transfer(made, "n2");
  transfer(made, null);
  expect(endings(made)).toEqual(["2 inProgress"]);
  advance(made, 200);
  acknowledge(made, "n3", 2);
  advance(made, 100);
  expect(endings(made)).toEqual([
    "2 inProgress",
    "1 unreachable",
    "3 unreachable",
    "4 unreachable",
  ]);
});

test("other nodes ask: the leader answers, and tells them when it is called off", () => {
  const made = leading();
  hear(made, "n3", "transferLeadership", { term: 2, id: 7, target: "n2" });
  hear(made, "n3", "transferLeadership", { term: 2, id: 7, target: "n2" });
  hear(made, "n3", "transferLeadership", { term: 2, id: 8, target: "n3" });
  advance(made, 200);
  acknowledge(made, "n3", 2);
  advance(made, 100);
  const answers = sent(made, "transferLeadershipReply");
  expect(answers.map(({ id, verdict }) => [id, verdict])).toEqual([
    [7, "accepted"],
    [7, "accepted"],
    [8, "inProgress"],
    [7, "unreachable"],
  ]);
  expect(answers.every(({ run, to }) => run === 1 && to === "n3-data-directory-1")).toBe(true);
});

test("its end shows by the next leader: that is the one who was asked for, or another one", () => {
  for (const [leader, target, ending] of [
    ["n2", "n2", "1 to n2"],
    ["n3", "n2", "1 leaderChanged"],
    ["n3", null, "1 to n3"],
  ] as const) {
    const made = leading();
    transfer(made, target);
    hear(made, leader, "requestVote", { term: 3, last: "2/2", transfer: "" });
    expect([made.node.raft.status.role, endings(made)]).toEqual(["follower", []]);
    hear(made, leader, "appendEntries", { term: 3, prev: "2/2", round: 1 });
    expect(endings(made)).toEqual([ending]);
  }
});

// ---- the target ---------------------------------------------------------------------------------

/** n1 follows n2, which leads term 2, and has heard its round 5. */
function following(setup: Partial<NodeSetup> = {}): Solo {
  const made = solo(3, setup);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 5 });
  persist(made);
  made.effects = [];
  return made;
}

test("the target campaigns at once, without asking first, and its mark stays until its vote is on disk", () => {
  const made = following();
  hear(made, "n2", "timeoutNow", { term: 2, round: 5 });
  expect(made.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 3 });
  expect([sent(made, "preVote"), sent(made, "requestVote")]).toEqual([[], []]);
  persist(made);
  expect(sent(made, "requestVote").map(({ term, transfer: mark }) => [term, mark])).toEqual([
    [3, true],
    [3, true],
  ]);
});

test("the mark is for one election: whoever lost it asks first the next time, without the mark", () => {
  const made = following();
  hear(made, "n2", "timeoutNow", { term: 2, round: 5 });
  persist(made);
  timeout(made);
  made.effects = [];
  campaign(made);
  expect(sent(made, "preVote")).toHaveLength(2);
  expect(sent(made, "requestVote").map(({ term, transfer: mark }) => [term, mark])).toEqual([
    [4, false],
    [4, false],
  ]);
});

test.each([
  ["it has heard a later round (hazard 72)", "n2", { term: 2, round: 4 }, {}],
  ["it is of an earlier term", "n2", { term: 1, round: 9 }, {}],
  ["it is of a term whose leader wasn't heard", "n2", { term: 3, round: 9 }, {}],
  ["it comes from another node", "n3", { term: 2, round: 9 }, {}],
  [
    "it comes from another directory of the leader",
    "n2",
    { term: 2, round: 9 },
    { incarnation: "n2-data-directory-2" },
  ],
] as const)("nobody campaigns: %s", (_, from, fields, more) => {
  const made = following();
  hear(made, from, "timeoutNow", fields, more);
  expect(made.node.raft.status.role).toBe("follower");
  expect([sent(made, "preVote"), sent(made, "requestVote")]).toEqual([[], []]);
});

test("a target that isn't a voter ignores it", () => {
  const made = following({ bootstrap: ["n2", "n3"] });
  hear(made, "n2", "timeoutNow", { term: 2, round: 5 });
  expect(made.node.raft.status).toMatchObject({ role: "follower", currentTerm: 2 });
});

test("a target whose disk hangs, or that has restarted since, ignores it", () => {
  const made = following();
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 6, entries: "2" });
  made.cluster.now += 301;
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 7 });
  hear(made, "n2", "timeoutNow", { term: 2, round: 7 });
  expect(made.node.raft.status.role).toBe("follower");
  const again = following();
  restart(again.node);
  hear(again, "n2", "timeoutNow", { term: 2, round: 9 });
  expect(again.node.raft.status.role).toBe("follower");
});

test("a voter in touch with its leader votes for whom that sends, and for nobody else", () => {
  const made = following();
  hear(made, "n3", "requestVote", { term: 3, last: "1/1" });
  expect([made.node.raft.status.currentTerm, sent(made, "requestVoteReply")]).toEqual([2, []]);
  hear(made, "n3", "requestVote", { term: 3, last: "1/1", transfer: "" });
  persist(made);
  expect(sent(made, "requestVoteReply")).toMatchObject([{ term: 3, voteGranted: true }]);
});

test("what was forwarded to the old leader isn't unknown for a transfer: that answers it still", () => {
  for (const begin of [
    (made: Solo) => hear(made, "n2", "timeoutNow", { term: 2, round: 5 }),
    (made: Solo) => hear(made, "n3", "requestVote", { term: 3, last: "1/1", transfer: "" }),
  ]) {
    const made = following();
    propose(made);
    propose(made, 2);
    begin(made);
    persist(made);
    expect(made.node.raft.status.currentTerm).toBe(3);
    expect(made.effects.filter(({ type }) => type === "unknown")).toEqual([]);
    hear(made, "n2", "forwardReply", { term: 2, asker: 1, seq: 1, count: 1, index: 2 });
    hear(made, "n2", "forwardReply", { term: 3, asker: 1, seq: 2, count: 2 });
    expect(rejected(made)).toEqual(["noLeader"]);
    expect(made.effects.filter(({ type }) => type === "accepted")).toHaveLength(1);
    // In an election that nobody asked for, who led may be dead.
    propose(made);
    hear(made, "n3", "appendEntries", { term: 4, prev: "1/1", round: 1 });
    propose(made);
    hear(made, "n2", "appendEntries", { term: 5, prev: "1/1", round: 1 });
    expect(made.effects.filter(({ type }) => type === "unknown")).toHaveLength(1);
  }
});

// ---- who asked, elsewhere -----------------------------------------------------------------------

test("a follower asks its leader until that answers, and learns the end by itself", () => {
  const made = following();
  transfer(made, "n1");
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 6 });
  advance(made, 100);
  expect(sent(made, "transferLeadership").map(({ id, target }) => [id, target])).toEqual([
    [1, "n1"],
    [1, "n1"],
  ]);
  const reply = { term: 2, asker: 1, id: 1, verdict: "accepted" };
  hear(made, "n3", "transferLeadershipReply", { ...reply, verdict: "behind" });
  hear(made, "n2", "transferLeadershipReply", { ...reply, asker: 2, verdict: "behind" });
  hear(made, "n2", "transferLeadershipReply", reply);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 7 });
  advance(made, 100);
  expect([sent(made, "transferLeadership").length, endings(made)]).toEqual([2, []]);
  hear(made, "n2", "timeoutNow", { term: 2, round: 7 });
  persist(made);
  hear(made, "n3", "requestVoteReply", { term: 3, granted: "true" });
  expect(endings(made)).toEqual(["1 to n1"]);
});

test.each([
  ["behind", "behind"],
  ["notLeader", "leaderChanged"],
  ["unknownServer", "unknownServer"],
])("a leader that answers %s ends it as %s", (verdict, ending) => {
  const made = following();
  transfer(made, null);
  hear(made, "n2", "transferLeadershipReply", { term: 2, asker: 1, id: 1, verdict });
  expect(endings(made)).toEqual([`1 ${ending}`]);
});

test("the leader that was asked for leads already; nobody leads; nobody answers any more", () => {
  const made = following();
  transfer(made, "n2");
  hear(made, "n2", "transferLeadershipReply", { term: 2, asker: 1, id: 1, verdict: "accepted" });
  expect(endings(made)).toEqual(["1 to n2"]);
  const alone = solo(3);
  transfer(alone, "n2");
  expect(endings(alone)).toEqual(["1 noLeader"]);
  transfer(made, "n3");
  advance(made, 899);
  expect(endings(made)).toEqual(["1 to n2"]);
  advance(made, 1);
  expect(endings(made)).toEqual(["1 to n2", "2 noAnswer"]);
});

test("whoever leads keeps the leadership that it is asked for only while it isn't handing it on", () => {
  const made = leading();
  transfer(made, "n1");
  transfer(made, "n2");
  transfer(made, "n1");
  expect(endings(made)).toEqual(["1 to n1", "3 inProgress"]);
});

test("a node that is no member hands nothing on", () => {
  const made = leading();
  hear(made, "n9", "transferLeadership", { term: 2, id: 1, target: "n2" });
  expect(made.node.raft.status.transferringTo).toBeNull();
  expect(sent(made, "transferLeadershipReply")).toEqual([]);
  hear(made, "n2", "transferLeadership", { term: 2, id: 1, target: "n2" });
  expect(made.node.raft.status.transferringTo).toBe("n2");
});
