// A state that was corrupted is caught by the next step, whichever of its parts it was.
import { describe, expect, test } from "vitest";
import { encodeConfiguration, encodeRun, EntryKind, InvariantViolation, Raft } from "@raftkit/core";
import type { RaftOptions } from "@raftkit/core";
import { endTurn } from "../src/end-of-turn.js";
import { dispatch } from "../src/handlers/dispatch.js";
import { Invariants } from "../src/invariants.js";
import { becomeCandidate, becomeLeader } from "../src/operations/transitions.js";
import { restore } from "../src/restore.js";
import type { Progress } from "../src/state/progress.js";
import type { Leader, State } from "../src/state/state.js";
import {
  CLUSTER_INSTANCE,
  configurationOf,
  incarnationOf,
  memberNamed,
  peersNamed,
} from "./support/cluster.js";

const options: RaftOptions = {
  id: "n1",
  incarnation: incarnationOf("n1"),
  run: 1,
  address: "n1.test:7000",
  clusterInstance: CLUSTER_INSTANCE,
  bootstrap: peersNamed(["n1", "n2", "n3"]),
  random: () => 0,
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatIntervalMs: 50,
  maxMessageBytes: 2 ** 20,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * 2 ** 20,
  maxUncommittedBytes: 64 * 2 ** 20,
  maxLogBytes: 2 ** 30,
};
const restored = {
  hardState: { currentTerm: 1, votedFor: null },
  base: { index: 0, term: 0 },
  snapshot: null,
  damagedSnapshotIndex: 0,
  entries: [
    encodeRun(1, 1, EntryKind.configuration, [
      encodeConfiguration(configurationOf(["n1", "n2", "n3"])),
    ]),
  ],
  applied: 0,
};

function follower(): State {
  return restore(options, restored);
}

/** Of term 2: its no-op and three commands are sent to n2 and n3, and nobody has anything yet. */
function leader(): { state: State; role: Leader; n2: Progress } {
  const state = follower();
  state.now = 0;
  becomeCandidate(state);
  becomeLeader(state);
  endTurn(state);
  dispatch(state, {
    type: "propose",
    firstSeq: 1,
    commands: [1, 2, 3].map((n) => Uint8Array.of(n)),
  });
  endTurn(state);
  const { role } = state;
  const n2 = role.kind === "leader" ? role.progress.get("n2") : undefined;
  if (role.kind !== "leader" || !n2) throw new Error("it doesn't lead");
  return { state, role, n2 };
}

/** What is found after a step that was right and a change that no step makes. */
function foundAfter(state: State, corrupt: () => void): string | undefined {
  const invariants = new Invariants();
  expect(invariants.findBroken(state)).toBeUndefined();
  corrupt();
  return invariants.findBroken(state);
}

describe("in any role", () => {
  test.each<[string, (state: State) => void, RegExp]>([
    ["a term that goes back", (s) => (s.currentTerm = 0), /^term 1 went back to 0/],
    ["a commit index that goes back", (s) => (s.commitIndex = -1), /^(commit index|index)/],
    ["a commit behind the log", (s) => (s.commitIndex = 2), /^index 2 is committed/],
    ["an unknown commit index", (s) => (s.commitIndex = NaN), /^commit index/],
    ["what isn't committed handed over", (s) => (s.applyingIndex = 1), /^index 1 was handed over/],
    ["applied before it was handed over", (s) => (s.lastApplied = 1), /^index 1 was applied/],
    ["durable behind the log", (s) => (s.durability.durableIndex = 2), /^index 2 is durable/],
    ["a write that is forgotten", (s) => (s.durability.lastSeq = 1), /^0 writes are in flight/],
    ["a durable write that is forgotten", (s) => (s.durability.durableSeq = -1), /^durable write/],
    ["bytes of no forward", (s) => (s.forwarded.bytes = 1), /^0 forwards/],
  ])("%s is found", (_, corrupt, found) => {
    const state = follower();
    expect(foundAfter(state, () => corrupt(state))).toMatch(found);
  });

  test("an entry handed over that isn't durable is found", () => {
    const state = follower();
    const found = foundAfter(state, () => {
      Object.assign(state, { commitIndex: 1, applyingIndex: 1 });
      state.durability.durableIndex = 0;
    });
    expect(found).toBe("index 1 was handed over, but only 0 is durable");
  });

  test("a commit index and an applied index that go back within the log are found", () => {
    for (const name of ["commitIndex", "lastApplied"] as const) {
      const state = follower();
      Object.assign(state, { commitIndex: 1, applyingIndex: 1, lastApplied: 1 });
      expect(foundAfter(state, () => (state[name] = 0))).toMatch(/index 1 went back to 0/);
    }
  });

  test("a vote that changes within its term is found, and none in a later one", () => {
    for (const votedFor of [
      memberNamed("n3"),
      { ...memberNamed("n2"), incarnation: "n2-data-directory-2" },
      null,
    ]) {
      const state = follower();
      state.votedFor = memberNamed("n2");
      expect(foundAfter(state, () => (state.votedFor = votedFor))).toMatch(/^the vote of term 1/);
    }
    const state = follower();
    state.votedFor = memberNamed("n2");
    expect(
      foundAfter(state, () =>
        Object.assign(state, { currentTerm: 2, votedFor: memberNamed("n3") }),
      ),
    ).toBe(undefined);
  });

  test("a follower's entries that were verified, but aren't there, are found", () => {
    const state = follower();
    const found = foundAfter(state, () => {
      if (state.role.kind === "follower") state.role.verifiedIndex = 2;
    });
    expect(found).toMatch(/^index 2 was verified/);
  });

  test("a log of a later term than the node's is found", () => {
    const { state } = leader();
    state.votedFor = memberNamed("n1");
    const invariants = new Invariants();
    state.currentTerm = 1;
    expect(invariants.findBroken(state)).toMatch(/^the log's last term is 2/);
  });
});

describe("on a leader", () => {
  type Corrupt = (n2: Progress, role: Leader, state: State) => void;

  test.each<[string, Corrupt, RegExp]>([
    ["matched behind what arrived", (n2) => (n2.matchIndex = 1), /matched 1, arrived 0/],
    ["matched what is sent next", (n2) => (n2.nextIndex = 0), /next 0 of 5/],
    ["arrived behind the log", (n2) => (n2.verifiedIndex = 6), /arrived 6/],
    ["next behind the log's end", (n2) => (n2.nextIndex = 7), /next 7 of 5/],
    ["an answer to a round to come", (n2, { round }) => (n2.round = round + 1), /round 2 of 1/],
    ["a window that owes bytes", (n2) => (n2.inflightBytes = -1), /of -1 bytes/],
    ["an empty window with bytes", (n2) => (n2.inflight.length = 0), /0 messages/],
    [
      "matched what is sent next, with nothing under way",
      (n2) =>
        Object.assign(n2, {
          matchIndex: 5,
          verifiedIndex: 5,
          nextIndex: 5,
          inflight: [],
          inflightBytes: 0,
        }),
      /matched 5, arrived 5, next 5/,
    ],
    ["sent what is to be sent next", (n2) => (n2.nextIndex = 5), /next 5/],
    [
      "under way what is acknowledged",
      (n2) => Object.assign(n2, { matchIndex: 2, verifiedIndex: 2 }),
      /matched 2/,
    ],
    ["too few uncommitted bytes", (_, role) => (role.uncommittedBytes = -1), /count -1 bytes/],
    [
      "uncommitted bytes of no entry",
      (_, __, state) => (state.commitIndex = 5),
      /^0 uncommitted entries/,
    ],
    [
      "the vote of another",
      (_, __, state) => (state.votedFor = memberNamed("n2")),
      /^the vote of term 2/,
    ],
    ["a later term", (_, __, state) => state.currentTerm++, /^the log of the leader of term 3/],
  ])("%s is found", (_, corrupt, found) => {
    const { state, role, n2 } = leader();
    expect(foundAfter(state, () => corrupt(n2, role, state))).toMatch(found);
  });

  test.each([1, -1])(
    "a window that counts %i byte too many is found within a heartbeat",
    (bytes) => {
      const { state, n2 } = leader();
      const invariants = new Invariants();
      expect(invariants.findBroken(state)).toBeUndefined();
      n2.inflightBytes += bytes;
      state.now += options.heartbeatIntervalMs;
      expect(invariants.findBroken(state)).toMatch(/messages of \d+ bytes in flight$/);
    },
  );

  test("a leader or candidate that didn't vote for itself is found", () => {
    const { state } = leader();
    state.votedFor = memberNamed("n2");
    expect(new Invariants().findBroken(state)).toMatch(/^a leader of term 2 voted for n2 /);
  });
});

test("a node whose state breaks an invariant stops, and nothing of that step leaves but the failure", () => {
  const raft = new Raft(options, restored);
  raft.step(0, { type: "tick" });
  const [failed, ...more] = raft.step(1, { type: "applied", index: 1 });
  expect(more).toEqual([]);
  expect(failed).toMatchObject({ type: "failed", error: { code: "INVARIANT_VIOLATION" } });
  expect(failed?.type === "failed" && failed.error).toBeInstanceOf(InvariantViolation);
  expect(raft.step(2, { type: "tick" })).toEqual([]);
  expect(raft.deadline).toBe(Infinity);
});
