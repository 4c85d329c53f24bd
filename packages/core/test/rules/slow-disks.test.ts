// Elections end although every disk needs as long as an election timeout for a write, or longer
// (R03, R05; hazard 50; decision 0015). SLOW_DISKS=table prints how long they take.
import { describe, expect, test } from "vitest";
import { addNode, crash, endTurns, nodeOf, step } from "../support/cluster.js";
import { randomFrom } from "../support/random.js";
import type { Timed } from "../support/timed.js";
import { newTimed, runUntil } from "../support/timed.js";
import type { Solo } from "../support/solo.js";
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

const RUNS = 60;
const LIMIT_MS = 60_000;
const IDS = ["n1", "n2", "n3", "n4", "n5"];

function newLeader(timed: Timed, after: number): string | undefined {
  for (const { id, alive, raft } of timed.cluster.nodes.values()) {
    const { role, currentTerm } = raft.status;
    if (alive && role === "leader" && currentTerm > after) return id;
  }
  return undefined;
}

/** A leader, and its own first entry committed: from here on it serves. */
function serves(timed: Timed, after: number): boolean {
  const id = newLeader(timed, after);
  if (id === undefined) return false;
  const { commitIndex, lastIndex } = nodeOf(timed.cluster, id).raft.status;
  return commitIndex === lastIndex;
}

/** How long until the cluster serves: after its start, and after its leader's end, each in ms. */
function electionTimes(seed: number, nodes: number, syncMs: number): [number, number] {
  const timed = newTimed();
  const random = randomFrom(seed);
  // A tenth more or less, drawn for each write.
  timed.syncMs = () => syncMs * (0.9 + 0.2 * random());
  const ids = IDS.slice(0, nodes);
  for (const id of ids) addNode(timed.cluster, id, { bootstrap: ids, terms: [], random });
  const cold = runUntil(timed, LIMIT_MS, () => serves(timed, 0)) ? timed.cluster.now : Infinity;
  runUntil(timed, timed.cluster.now + 2_000 + 300 * random(), () => false);
  const id = newLeader(timed, 0);
  if (id === undefined) return [cold, Infinity];
  const leader = nodeOf(timed.cluster, id);
  const { currentTerm } = leader.raft.status;
  step(timed.cluster, leader, { type: "propose", firstSeq: 1, commands: [Uint8Array.of(1)] });
  runUntil(timed, timed.cluster.now + 20);
  crash(leader);
  const since = timed.cluster.now;
  const holds = runUntil(timed, since + LIMIT_MS, () => serves(timed, currentTerm));
  return [cold, holds ? timed.cluster.now - since : Infinity];
}

function timesOf(nodes: number, syncMs: number): number[] {
  return Array.from({ length: RUNS }, (_, i) => electionTimes(i + 1, nodes, syncMs))
    .flat()
    .sort((a, b) => a - b);
}

const shown = (ms: number | undefined): string =>
  ms === undefined || ms === Infinity ? "never" : `${Math.round(ms)} ms`;

describe.each([3, 5])("%i nodes", (nodes) => {
  test.each([1, 50, 100, 150, 200, 250, 300, 400])(
    "a write takes %i ms",
    (syncMs) => {
      const times = timesOf(nodes, syncMs);
      if (process.env["SLOW_DISKS"] === "table") {
        const at = (share: number): string => shown(times[Math.floor((times.length - 1) * share)]);
        console.log(
          `${nodes} nodes, ${syncMs} ms: median ${at(0.5)}, 90 % ${at(0.9)}, all ${at(1)}`,
        );
      }
      // Two timeouts, and the disks' part: the candidate's vote, the others', the first entry.
      expect(times.at(-1)).toBeLessThan(1_200 + 9 * syncMs);
      expect(times[Math.floor(times.length / 2)]).toBeLessThan(400 + 4 * syncMs);
    },
    60_000,
  );
});

test.each([150, 200, 250, 300, 400, 500])(
  "one disk takes %i ms, the other candidate's is fast, and both votes are needed",
  (syncMs) => {
    const times = Array.from({ length: RUNS }, (_, i) => {
      const timed = newTimed();
      const random = randomFrom(i + 1);
      timed.syncMs = (id) => (id === "n2" ? syncMs : 1);
      const ids = IDS.slice(0, 3);
      for (const id of ids) addNode(timed.cluster, id, { bootstrap: ids, terms: [], random });
      crash(nodeOf(timed.cluster, "n3"));
      return runUntil(timed, LIMIT_MS, () => serves(timed, 0)) ? timed.cluster.now : Infinity;
    });
    expect(Math.max(...times)).toBeLessThan(1_200 + 4 * syncMs);
  },
);

/** n1 leads term 2, and has given its disk an entry that the others have on theirs. */
function leaderWithOpenWrite(): Solo {
  const made = soloLeader(3);
  persist(made);
  const acknowledge = (from: string, match: number): void => {
    const round = sent(made, "appendEntries").at(-1)?.round ?? 1;
    hear(made, from, "appendEntriesReply", {
      term: 2,
      round,
      success: "true",
      match,
      verified: match,
    });
  };
  for (const id of ["n2", "n3"]) acknowledge(id, 2);
  propose(made);
  // Both are heard all the time.
  const end = made.cluster.now + 310;
  while (made.cluster.now < end) {
    acknowledge("n2", 3);
    acknowledge("n3", 3);
    made.cluster.now += 10;
    endTurns(made.cluster);
  }
  return made;
}

test("a leader whose disk hangs asks who has more to lead at once (hazard 50)", () => {
  const made = leaderWithOpenWrite();
  while (made.node.raft.status.role === "leader") timeout(made);
  expect(sent(made, "timeoutNow")).toMatchObject([{ term: 2 }]);
  const [told] = made.effects.filter(({ type }) => type === "notice");
  expect(told).toMatchObject({ notice: "diskHangs", peer: expect.stringMatching(/^n[23]$/) });
});

test("a leader whose disk fails asks another one to lead, and nobody else does", () => {
  const made = leaderWithOpenWrite();
  made.effects = [];
  step(made.cluster, made.node, { type: "diskFailed" });
  expect(sent(made, "timeoutNow")).toMatchObject([{ term: 2 }]);
  expect(made.effects).toContainEqual(
    expect.objectContaining({ type: "notice", notice: "diskFailed" }),
  );
  const follower = solo(3);
  step(follower.cluster, follower.node, { type: "diskFailed" });
  expect(follower.effects.filter(({ type }) => type === "send")).toEqual([]);
});

test("a candidate without votes waits longer each time, within bounds, until it knows a leader", () => {
  const made = solo(3);
  const waited = (): number => {
    campaign(made);
    const since = made.cluster.now;
    timeout(made);
    return made.cluster.now - since;
  };
  expect([waited(), waited(), waited(), waited()]).toEqual([150, 450, 750, 750]);
  const term = made.node.raft.status.currentTerm;
  hear(made, "n2", "appendEntries", { term, prev: "1/1", round: 1 });
  persist(made);
  expect(waited()).toBe(150);
});

test("a voter's timer begins when its vote leaves, and leaves the others' disks their time", () => {
  const made = solo(3);
  hear(made, "n2", "requestVote", { term: 2, last: "1/1" });
  made.cluster.now += 100;
  persist(made);
  expect(sent(made, "requestVoteReply")).toHaveLength(1);
  expect(made.node.raft.deadline).toBe(made.cluster.now + 150 + 100);
});
