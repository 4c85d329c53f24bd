// Who is no member, no member any more, or not yet: what such a node says counts for nothing that it
// mustn't, and what it needs to come in is heard (hazards 30, 68 and 71).
import { expect, test } from "vitest";
import { configurationOf, endTurns, incarnationOf, step } from "../support/cluster.js";
import { configurationAt } from "../support/membership.js";
import { campaign, hear, persist, sent, solo, soloLeader, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";
import {
  acknowledge,
  change,
  follow,
  FOUR,
  quiet,
  readyLeader,
  senderOf,
  tell,
} from "../support/schedules.js";

/** n1 leads {n1, n2, n3}; n4 has left, and is still followed until it knows that. */
function afterLeaving(): Solo {
  const made = readyLeader(4);
  change(made, ["n1", "n2", "n3"]);
  persist(made);
  for (const id of ["n2", "n3", "n4"]) acknowledge(made, id, 3);
  persist(made);
  for (const id of ["n2", "n3", "n4"]) acknowledge(made, id, 4);
  expect(configurationAt(made.node)).toBe("n1,n2,n3");
  expect(made.node.raft.status.commitIndex).toBe(4);
  return made;
}

const introduceIn = (made: Solo, id: string, fields: Record<string, string> = {}): void =>
  hear(made, id, "introduce", { address: `${id}.test:7000`, instance: "", ...fields });

const verdicts = (made: Solo): readonly string[] =>
  sent(made, "introduced").map(({ verdict }) => verdict);

test("a voter that was removed during its campaign isn't elected by votes that come later", () => {
  const made = solo(4);
  campaign(made);
  expect(made.node.raft.status).toMatchObject({ role: "candidate", currentTerm: 2 });
  hear(made, "n4", "requestVoteReply", { term: 2, granted: "true" });
  hear(made, "n2", "removed", { term: 2, configuration: 7 });
  expect(made.node.raft.status).toMatchObject({ role: "follower", removedAt: 7 });
  // n3 doesn't know of it yet.
  hear(made, "n3", "requestVoteReply", { term: 2, granted: "true" });
  expect(made.node.raft.status.role).toBe("follower");
});

test("the vote of one that this candidate's configuration left out doesn't count", () => {
  const made = solo(4);
  follow(made, 2, configurationOf(["n1", "n2", "n3"], { outgoing: FOUR }), 2);
  follow(made, 3, configurationOf(["n1", "n2", "n3"]), 3);
  persist(made);
  timeout(made);
  for (const id of ["n2", "n3"]) hear(made, id, "preVoteReply", { term: 3, granted: "true" });
  persist(made);
  hear(made, "n4", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("candidate");
  hear(made, "n3", "requestVoteReply", { term: 3, granted: "true" });
  expect(made.node.raft.status.role).toBe("leader");
});

test("whoever hears its leader isn't removed by a word that comes late", () => {
  const made = solo(3);
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 5 });
  hear(made, "n3", "removed", { term: 2, configuration: 7 });
  expect(made.node.raft.status).toMatchObject({ leaderId: "n2", removedAt: 0 });
});

test("a candidate that is no member here may be one by now: its term and its vote are heard", () => {
  const made = solo(3);
  quiet(made);
  hear(made, "n9", "requestVote", { term: 5, last: "9/4", configuration: 9 });
  persist(made);
  expect(made.node.raft.status).toMatchObject({ currentTerm: 5, votedFor: { id: "n9" } });
  expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
});

test("a lost data directory is told that it was removed, though its id is a member's (hazard 68)", () => {
  const made = solo(3);
  const [n3] = configurationOf(["n3"]).voters;
  if (!n3) throw new Error("there is no n3");
  const learners = [{ ...n3, incarnation: incarnationOf("n3", 2) }];
  follow(made, 2, configurationOf(["n1", "n2"], { outgoing: ["n1", "n2", "n3"] }), 2);
  follow(made, 3, configurationOf(["n1", "n2"]), 3);
  follow(made, 4, { ...configurationOf(["n1", "n2"]), learners }, 4);
  persist(made);
  quiet(made);
  made.effects = [];
  hear(made, "n3", "requestVote", { term: 5, last: "9/4", configuration: 1 });
  expect(sent(made, "removed")).toMatchObject([{ configurationIndex: 4 }]);
  expect(made.node.raft.status).toMatchObject({ currentTerm: 2, votedFor: null });
});

test("whoever has just left comes back as a learner first, and is followed as a member again", () => {
  const made = afterLeaving();
  introduceIn(made, "n4");
  expect(change(made, FOUR)).toMatchObject({ type: "notCaughtUp", id: "n4" });
  expect(change(made, ["n1", "n2", "n3"], ["n4"])).toMatchObject({ type: "accepted", index: 5 });
  expect(made.node.raft.status.peers).toMatchObject([{}, {}, { id: "n4", isLeaving: false }]);
  persist(made);
  for (let i = 0; i < 5; i++) {
    timeout(made);
    const { round = 1 } = sent(made, "appendEntries").at(-1) ?? {};
    for (const id of FOUR.slice(1)) {
      const fields = { term: 2, success: "true", round, match: 5, verified: 5 };
      hear(made, id, "appendEntriesReply", fields);
    }
  }
  expect(made.node.raft.status.peers.map(({ id }) => id)).toEqual(["n2", "n3", "n4"]);
});

test("an introduction that is long past names nobody", () => {
  const made = readyLeader(3);
  introduceIn(made, "n4");
  for (let i = 0; i < 30; i++) {
    timeout(made);
    for (const id of ["n2", "n3"]) acknowledge(made, id, 2);
  }
  expect(change(made, ["n1", "n2", "n3"], ["n4"])).toEqual({ type: "unknownServer", ids: ["n4"] });
});

test("strangers that introduce themselves are remembered up to a bound", () => {
  const made = readyLeader(3);
  for (let i = 10; i < 150; i++) introduceIn(made, `n${i}`);
  expect(made.node.raft.status.introductions).toHaveLength(100);
});

test.each([
  ["another member's address", "n9", { address: "n2.test:7000" }, "addressTaken"],
  ["a learner's id, and wants to be a voter", "n3", { rejoin: "" }, "idTaken"],
  ["a voter's id, and doesn't want to take its place", "n2", {}, "idTaken"],
  ["a log of another cluster", "n9", { instance: "another-instance" }, "otherCluster"],
] as const)("whoever comes with %s isn't let in", (_, id, fields, verdict) => {
  const made = readyLeader(3);
  change(made, ["n1", "n2"], ["n3"]);
  persist(made);
  for (const one of ["n2", "n3"]) acknowledge(made, one, 3);
  persist(made);
  for (const one of ["n2", "n3"]) acknowledge(made, one, 4);
  quiet(made);
  made.effects = [];
  const { lastIndex } = made.node.raft.status;
  const lost = { incarnation: incarnationOf(id, 2) };
  const all = { address: `${id}.test:7000`, instance: "", ...fields };
  hear(made, id, "introduce", all, lost);
  expect(verdicts(made)).toEqual([verdict]);
  expect(made.node.raft.status).toMatchObject({ lastIndex, introductions: [] });
});

test("a member that moves twice within an election timeout is followed once, and later again", () => {
  const made = readyLeader(3);
  const moveTo = (address: string): void =>
    introduceIn(made, "n2", { address, instance: "cluster-instance-1" });
  moveTo("moved.test:1");
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, lastIndex: 3 });
  moveTo("moved.test:2");
  expect(made.node.raft.status.lastIndex).toBe(3);
  for (let i = 0; i < 7; i++) {
    timeout(made);
    for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  }
  moveTo("moved.test:2");
  expect(made.node.raft.status.lastIndex).toBe(4);
  expect(made.node.raft.status.configuration?.voters[1]).toMatchObject({
    address: "moved.test:2",
  });
});

test("a member that moves while another configuration isn't committed waits for that (hazard 23)", () => {
  const made = readyLeader(3);
  const moved = (id: string): void =>
    introduceIn(made, id, { address: `moved-${id}.test:1`, instance: "cluster-instance-1" });
  moved("n2");
  persist(made);
  for (let i = 0; i < 8; i++) {
    timeout(made);
    for (const id of ["n2", "n3"]) acknowledge(made, id, 2);
  }
  moved("n3");
  expect(made.node.raft.status).toMatchObject({ role: "leader", commitIndex: 2, lastIndex: 3 });
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  moved("n3");
  expect(made.node.raft.status).toMatchObject({ commitIndex: 3, lastIndex: 4 });
});

test("a question of another run is another one, though its number is the same", () => {
  const made = readyLeader(3);
  const ask = (run: number): void =>
    tell(
      made,
      { ...senderOf("n2"), run },
      {
        type: "changeMembership",
        to: incarnationOf("n1"),
        term: 2,
        id: 7,
        expected: 1,
        voters: ["n1", "n2"],
        learners: ["n3"],
      },
    );
  ask(1);
  ask(2);
  endTurns(made.cluster);
  expect(sent(made, "changeMembershipReply").map(({ verdict }) => verdict.type)).toEqual([
    "accepted",
    "inProgress",
  ]);
});

/** Its own log names n1 a voter beside n2 and n3, and it can't lead. */
function outOfTouch(options: { readonly removed: boolean }): Solo {
  const made = solo(3);
  if (options.removed) hear(made, "n2", "removed", { term: 1, configuration: 7 });
  timeout(made);
  made.effects = [];
  return made;
}

const dialled = (made: Solo): readonly string[] =>
  made.effects
    .flatMap((effect) => (effect.type === "configure" ? [effect.peers] : []))
    .at(-1)
    ?.map(({ address }) => address) ?? [];

test("whoever hears no leader makes itself known to whom it meets: its own voters may all be gone", () => {
  const asked = (made: Solo): readonly string[] => {
    step(made.cluster, made.node, { type: "met", from: senderOf("n9") });
    for (let i = 0; i < 20; i++) timeout(made);
    return made.effects.flatMap((effect) =>
      effect.type === "send" && effect.message.type === "introduce" ? [effect.to] : [],
    );
  };
  const made = outOfTouch({ removed: false });
  expect(sent(made, "introduce")).toEqual([]);
  // Again and again, until somebody knows better.
  expect(asked(made).filter((to) => to === "n9").length).toBeGreaterThan(1);
  // Whoever leads, or hears who does, says once who it is: it may have met another cluster.
  expect(asked(readyLeader(3))).toEqual(["n9"]);
  const following = solo(3);
  hear(following, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  step(following.cluster, following.node, { type: "met", from: senderOf("n9") });
  hear(following, "n2", "appendEntries", { term: 2, prev: "1/1", round: 2 });
  expect(sent(following, "introduce")).toHaveLength(1);
});

/** n1 introduced itself there, and hears that n2 leads, which has moved. */
function answerBy(made: Solo, id: string): void {
  tell(made, senderOf(id), {
    type: "introduced",
    to: incarnationOf("n1"),
    term: 1,
    leader: { id: "n2", address: "moved.test:1" },
    clusterInstance: "cluster-instance-1",
    verdict: "waiting",
  });
}

test("a joiner is sent on to a leader that answers this node itself: hearsay may go round for ever", () => {
  const made = outOfTouch({ removed: true });
  const told = (): unknown => {
    introduceIn(made, "n9");
    return sent(made, "introduced").at(-1)?.leader;
  };
  answerBy(made, "n3");
  expect(told()).toBeNull();
  answerBy(made, "n2");
  answerBy(made, "n3");
  expect(told()).toEqual({ id: "n2", address: "moved.test:1" });
  made.cluster.now += 300;
  answerBy(made, "n3");
  expect(told()).toBeNull();
});

test("the leader is dialled where it is said to be now, as long as this node has to introduce itself", () => {
  const made = outOfTouch({ removed: true });
  answerBy(made, "n3");
  expect(dialled(made)).toEqual(["moved.test:1", "n3.test:7000"]);
  // A configuration that names it knows better.
  hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 1 });
  made.effects = [];
  follow(made, 2, configurationOf(["n1", "n2", "n3"], { learners: ["n4"] }), 1);
  expect(dialled(made)).toEqual(["n2.test:7000", "n3.test:7000", "n4.test:7000"]);
});

test("a new leader gives nobody's place away before its voter had an election timeout to answer", () => {
  const made = soloLeader(3);
  persist(made);
  acknowledge(made, "n2", 2);
  // Its directory is whole, and its answer is on the way.
  const introduced = (): void =>
    hear(
      made,
      "n3",
      "introduce",
      { address: "elsewhere.test:7000", rejoin: "" },
      { incarnation: incarnationOf("n3", 2) },
    );
  introduced();
  expect(made.node.raft.status.configurationIndex).toBe(1);
  const until = made.cluster.now + 300;
  while (made.cluster.now < until) {
    timeout(made);
    acknowledge(made, "n2", 2);
  }
  introduced();
  expect(made.node.raft.status.configurationIndex).toBe(3);
});
