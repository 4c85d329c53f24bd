// A leader that answers reads by its lease knows that nobody else can have been elected (thesis
// §6.4.1; hazards 39 and 72). What would break that: a clock that was believed too long, a voter that
// promised less than it was taken for, a transfer, a restart.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { RaftOptions } from "@raftkit/core";
import type { NodeSetup } from "../support/cluster.js";
import { endTurns, restart, step } from "../support/cluster.js";
import { hear, persist, sent, solo, soloLeader, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";

/**
 * Of 150 ms 120 real ones, of which a leader believes 90 on its clock, less 4. So large a rate for
 * round figures.
 */
const RATE = 0.25;
const LEASE_MS = 120;
const VALID_MS = 86;
const LEASES: Partial<NodeSetup> = { options: { leaseDriftRate: RATE } };

/** n1 leads term 2 and has committed its no-op; nobody has promised anything. */
function leading(nodes = 3, setup: Partial<NodeSetup> = LEASES): Solo {
  const made = soloLeader(nodes, setup);
  persist(made);
  for (let i = 2; i <= nodes; i++) acknowledge(made, `n${i}`, 1, "false");
  expect(made.node.raft.status.commitIndex).toBe(2);
  return made;
}

function acknowledge(made: Solo, from: string, round: number, promised = "true", match = 2): void {
  const term = made.node.raft.status.currentTerm;
  const fields = { term, round, success: "true", match, verified: match, promised };
  hear(made, from, "appendEntriesReply", fields);
}

/** Begins a round, and says which. */
function beat(made: Solo): number {
  endTurns(made.cluster);
  timeout(made);
  return sent(made, "appendEntries").at(-1)?.round ?? 0;
}

/** Whether a read that may be answered by the lease was, at once. */
function readsByLease(made: Solo): boolean {
  made.effects = [];
  step(made.cluster, made.node, { type: "read", id: made.node.nextReadId++, byLease: true });
  return made.effects.some(({ type }) => type === "readReady");
}

describe("a leader", () => {
  test("answers by its lease while a majority has promised, until its time is over by its own clock", () => {
    const made = leading(5);
    const round = beat(made);
    const { now } = made.cluster;
    acknowledge(made, "n2", round);
    expect(readsByLease(made)).toBe(false);
    acknowledge(made, "n2", round);
    expect(readsByLease(made)).toBe(false);
    acknowledge(made, "n3", round);
    expect(readsByLease(made)).toBe(true);
    made.cluster.now = now + VALID_MS - 0.01;
    expect(readsByLease(made)).toBe(true);
    // At that very moment a voter may be free.
    made.cluster.now = now + VALID_MS;
    expect(readsByLease(made)).toBe(false);
  });

  test("counts from when it sent the round, not from when the answers came", () => {
    const made = leading();
    const round = beat(made);
    const { now } = made.cluster;
    made.cluster.now = now + 80;
    acknowledge(made, "n2", round);
    expect(readsByLease(made)).toBe(true);
    made.cluster.now = now + 87;
    expect(readsByLease(made)).toBe(false);
  });

  test("and in a round from its beginning, however late its last message left", () => {
    const made = leading();
    const round = beat(made);
    const { now } = made.cluster;
    acknowledge(made, "n3", round, "true");
    made.cluster.now = now + 49;
    step(made.cluster, made.node, {
      type: "propose",
      firstSeq: 1,
      commands: [Uint8Array.of(1)],
    });
    endTurns(made.cluster);
    expect(sent(made, "appendEntries").at(-1)).toMatchObject({ round });
    acknowledge(made, "n2", round);
    made.cluster.now = now + VALID_MS;
    expect(readsByLease(made)).toBe(false);
  });

  test("of rounds that follow closely an earlier one counts", () => {
    const made = leading();
    beat(made);
    const { now } = made.cluster;
    made.cluster.now = now + 5;
    step(made.cluster, made.node, { type: "read", id: 99, byLease: false });
    endTurns(made.cluster);
    const round = sent(made, "appendEntries").at(-1)?.round ?? 0;
    acknowledge(made, "n2", round);
    made.cluster.now = now + VALID_MS - 0.01;
    expect(readsByLease(made)).toBe(true);
    made.cluster.now = now + VALID_MS;
    expect(readsByLease(made)).toBe(false);
  });

  test("a later promise carries on, an earlier one that comes late takes nothing back", () => {
    const made = leading();
    const early = beat(made);
    const late = beat(made);
    const { now } = made.cluster;
    acknowledge(made, "n2", late);
    acknowledge(made, "n2", early);
    made.cluster.now = now + VALID_MS - 0.01;
    expect(readsByLease(made)).toBe(true);
  });

  test("has none by answers without a promise, of strangers, and of another directory", () => {
    const made = leading();
    const round = beat(made);
    acknowledge(made, "n2", round, "false");
    acknowledge(made, "n9", round);
    const fields = { term: 2, round, success: "true", match: 2, verified: 2, promised: "true" };
    hear(made, "n3", "appendEntriesReply", fields, { incarnation: "n3-data-directory-2" });
    expect(readsByLease(made)).toBe(false);
  });

  test("has none before an entry of its own term is committed (hazard 36)", () => {
    const made = soloLeader(3, LEASES);
    persist(made);
    acknowledge(made, "n2", 1, "true", 0);
    const round = beat(made);
    acknowledge(made, "n2", round, "true", 1);
    expect(readsByLease(made)).toBe(false);
    acknowledge(made, "n2", round, "true", 2);
    expect(readsByLease(made)).toBe(true);
  });

  test("has none where leases are off, and then asks for no promise", () => {
    const made = leading(3, {});
    const round = beat(made);
    acknowledge(made, "n2", round);
    acknowledge(made, "n3", round);
    expect(readsByLease(made)).toBe(false);
    expect(sent(made, "appendEntries").every(({ leaseMs }) => leaseMs === 0)).toBe(true);
  });

  test("the first trap, a stall: what it believes is measured when the read is answered (hazard 39)", () => {
    const made = leading();
    const round = beat(made);
    acknowledge(made, "n2", round);
    // Nothing is heard, nothing ticks, and then a read comes before all that waits.
    made.cluster.now += 10_000;
    expect(readsByLease(made)).toBe(false);
    // Answers that waited meanwhile are of rounds that are long past.
    acknowledge(made, "n3", round);
    expect(readsByLease(made)).toBe(false);
    acknowledge(made, "n3", beat(made));
    expect(readsByLease(made)).toBe(true);
  });

  test("a clock that stood still: rounds from before it was noticed don't count (hazard 39)", () => {
    const made = leading();
    const round = beat(made);
    acknowledge(made, "n2", round);
    expect(readsByLease(made)).toBe(true);
    step(made.cluster, made.node, { type: "clockStopped" });
    expect(readsByLease(made)).toBe(false);
    acknowledge(made, "n3", round);
    expect(readsByLease(made)).toBe(false);
    acknowledge(made, "n2", beat(made));
    expect(readsByLease(made)).toBe(true);
  });

  test("the second trap, a transfer: once a timeoutNow has left there is none in this term (hazard 72)", () => {
    const made = leading();
    acknowledge(made, "n2", beat(made));
    acknowledge(made, "n3", beat(made));
    expect(readsByLease(made)).toBe(true);
    step(made.cluster, made.node, { type: "transferLeadership", id: 1, target: "n2" });
    endTurns(made.cluster);
    expect(sent(made, "timeoutNow")).toHaveLength(1);
    expect(readsByLease(made)).toBe(false);
    // Called off or not: what has left may arrive at any time.
    for (let i = 0; i < 12; i++) {
      const round = beat(made);
      acknowledge(made, "n2", round);
      acknowledge(made, "n3", round);
    }
    expect(made.node.raft.status).toMatchObject({ role: "leader", transferringTo: null });
    expect(readsByLease(made)).toBe(false);
  });

  test("a transfer that was called off before anything left changes nothing", () => {
    const made = leading();
    step(made.cluster, made.node, { type: "transferLeadership", id: 1, target: "n9" });
    step(made.cluster, made.node, { type: "propose", firstSeq: 1, commands: [Uint8Array.of(1)] });
    endTurns(made.cluster);
    step(made.cluster, made.node, { type: "transferLeadership", id: 2, target: "n3" });
    for (let i = 0; i < 12; i++) acknowledge(made, "n2", beat(made), "true", 3);
    expect(made.node.raft.status.transferringTo).toBe(null);
    acknowledge(made, "n2", beat(made), "true", 3);
    expect(readsByLease(made)).toBe(true);
  });

  test("one that stepped down answers nothing by its lease", () => {
    const made = leading();
    acknowledge(made, "n2", beat(made));
    hear(made, "n3", "appendEntries", { term: 3, prev: "2/2", round: 1 });
    expect(readsByLease(made)).toBe(false);
  });

  test("another node that asks is answered at once, or after a round where there is no lease", () => {
    const made = leading();
    acknowledge(made, "n2", beat(made));
    made.effects = [];
    hear(made, "n3", "readIndex", { term: 2, id: 1, lease: "" });
    expect(sent(made, "readIndexReply")).toMatchObject([{ id: 1, success: true, readIndex: 2 }]);
    hear(made, "n3", "readIndex", { term: 2, id: 2 });
    expect(sent(made, "readIndexReply")).toHaveLength(1);
    made.cluster.now += 100;
    hear(made, "n2", "readIndex", { term: 2, id: 3, lease: "" });
    expect(sent(made, "readIndexReply")).toHaveLength(1);
  });

  test("the only voter has one for as long as its last round is recent", () => {
    const made = leading(1);
    beat(made);
    expect(readsByLease(made)).toBe(true);
    made.cluster.now += 1_000;
    expect(readsByLease(made)).toBe(false);
  });
});

describe("a voter", () => {
  /** n1 follows n2 and has heard its round 5 at 1000 ms, with a lease of so many milliseconds. */
  function following(leaseMs: number, options: Partial<RaftOptions>, held = false): Solo {
    const made = solo(3, { options });
    made.cluster.now = 1_000;
    hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 5, lease: leaseMs });
    if (!held) {
      persist(made);
      hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 6, lease: leaseMs });
    }
    return made;
  }

  const promised = (made: Solo): boolean | undefined =>
    sent(made, "appendEntriesReply").at(-1)?.promised;

  test.each([
    [120, { leaseDriftRate: RATE }, true, "its own time is as long"],
    [121, { leaseDriftRate: RATE }, false, "its own minimum timeout is shorter"],
    [120, { leaseDriftRate: 0.3 }, false, "its own clock may be faster"],
    [100, { leaseDriftRate: RATE, electionTimeoutMs: { min: 100, max: 300 } }, false, "shorter"],
    [120, {}, false, "leases are off here: nobody vouches for this clock"],
    [0, { leaseDriftRate: RATE }, false, "the leader asks for none"],
  ] as const)("that is asked for %i ms with %o: %s, %s", (leaseMs, options, expected, _why) => {
    expect(promised(following(leaseMs, options))).toBe(expected);
  });

  test("promises only in a term that is on its disk", () => {
    const made = following(LEASE_MS, { leaseDriftRate: RATE }, true);
    expect(promised(made)).toBe(false);
    persist(made);
    hear(made, "n2", "appendEntries", { term: 2, prev: "1/1", round: 6, lease: LEASE_MS });
    expect(promised(made)).toBe(true);
  });

  test("keeps its promise: for its minimum timeout it neither votes nor campaigns", () => {
    const made = following(LEASE_MS, { leaseDriftRate: RATE });
    made.cluster.now = 1_149.9;
    hear(made, "n3", "preVote", { term: 3, last: "9/2" });
    hear(made, "n3", "requestVote", { term: 3, last: "9/2" });
    // A later term that it hears of elsewhere frees it of nothing.
    hear(made, "n3", "readIndex", { term: 7, id: 1 });
    hear(made, "n3", "requestVote", { term: 8, last: "9/2" });
    expect(sent(made, "preVoteReply").map(({ voteGranted }) => voteGranted)).toEqual([false]);
    expect(sent(made, "requestVoteReply")).toEqual([]);
    expect(made.node.raft.status.role).toBe("follower");
    expect(made.node.raft.deadline).toBeGreaterThanOrEqual(1_150);
    made.cluster.now = 1_150;
    hear(made, "n3", "requestVote", { term: 8, last: "9/2" });
    persist(made);
    expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  });

  test("the third trap, a restart: it refuses votes for its minimum timeout, leases on or off (hazard 39)", () => {
    for (const options of [{ leaseDriftRate: RATE }, {}]) {
      const made = solo(3, { options });
      restart(made.node);
      made.cluster.now = 5_000;
      endTurns(made.cluster);
      made.cluster.now = 5_149.9;
      hear(made, "n3", "preVote", { term: 2, last: "9/1" });
      hear(made, "n3", "requestVote", { term: 2, last: "9/1" });
      persist(made);
      expect(sent(made, "preVoteReply").map(({ voteGranted }) => voteGranted)).toEqual([false]);
      expect([sent(made, "requestVoteReply"), made.node.raft.status.votedFor]).toEqual([[], null]);
      made.cluster.now = 5_150;
      hear(made, "n3", "requestVote", { term: 2, last: "9/1" });
      persist(made);
      expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
    }
  });

  test("of a new directory, which has promised nothing, votes at once", () => {
    const made = solo(3);
    restart(made.node, { wiped: true });
    endTurns(made.cluster);
    hear(made, "n2", "requestVote", { term: 2, last: "1/1" }, { to: 2 });
    persist(made);
    expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  });

  test("that has restarted still votes for whom the leader itself sends: that one has no lease", () => {
    const made = solo(3, LEASES);
    restart(made.node);
    endTurns(made.cluster);
    hear(made, "n3", "requestVote", { term: 2, last: "9/1", transfer: "" });
    persist(made);
    expect(sent(made, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  });
});

test("whatever rates within the bound the clocks have, no voter is free before the lease has ended", () => {
  const rate = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.double({ min: 0.0001, max: 0.3, noNaN: true }),
      fc.integer({ min: 20, max: 2_000 }),
      rate,
      rate,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (bound, min, leaderRate, voterRate, delay) => {
        const electionTimeoutMs = { min, max: 2 * min };
        const options = { leaseDriftRate: bound, electionTimeoutMs, heartbeatIntervalMs: min / 2 };
        const made = leading(3, { options });
        const round = beat(made);
        const sentAt = made.cluster.now;
        const asked = sent(made, "appendEntries").at(-1)?.leaseMs ?? 0;
        // The voter hears it at once, in real time, and is free after `min` of its own milliseconds.
        const voter = solo(3, { options });
        hear(voter, "n2", "appendEntries", { term: 2, prev: "1/1", round, lease: asked });
        persist(voter);
        hear(voter, "n2", "appendEntries", {
          term: 2,
          prev: "1/1",
          round: round + 1,
          lease: asked,
        });
        expect(sent(voter, "appendEntriesReply").at(-1)?.promised).toBe(true);
        const freeAtReal = min / (1 + voterRate * bound);
        made.cluster.now += delay * min * 0.1;
        acknowledge(made, "n2", round);
        made.cluster.now = sentAt + freeAtReal * (1 + leaderRate * bound);
        expect(readsByLease(made)).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});
