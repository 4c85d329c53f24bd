// Hashes of the state, compared between a follower and its leader: a difference is told on both
// sides, once each, and changes nothing.
import { describe, expect, test } from "vitest";
import type { Effect, Message, Sender } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind, Raft } from "@raftkit/core";

const ids = ["n1", "n2", "n3"];
const senderOf = (id: string): Sender => ({ id, incarnation: `${id}-data-directory`, run: 1 });
const clusterInstance = "cluster-instance-1";
const voters = ids.map((id) => ({ ...senderOf(id), address: `${id}:1` }));

/** A node of a bootstrapped cluster, in term 3. */
function node(id: string): Raft {
  const raft = new Raft(
    {
      ...senderOf(id),
      address: `${id}:1`,
      clusterInstance,
      bootstrap: voters,
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
      hardState: { currentTerm: 3, votedFor: null },
      base: { index: 0, term: 0 },
      snapshot: null,
      damagedSnapshotIndex: 0,
      entries: [
        encodeRun(1, 1, EntryKind.configuration, [
          encodeConfiguration({ clusterInstance, voters, learners: [], outgoing: [] }),
        ]),
      ],
      applied: 0,
    },
  );
  raft.step(0, { type: "tick" });
  return raft;
}

/** What n1 hears back from a follower for its heartbeat. */
function heartbeat(raft: Raft, round: number): readonly Message[] {
  const message: Message = {
    type: "appendEntries",
    to: senderOf("n2").incarnation,
    term: 3,
    prevLogIndex: 1,
    prevLogTerm: 1,
    leaderCommit: 1,
    round,
    matchIndex: 0,
    leaseMs: 0,
    entries: [],
  };
  return [
    ...raft.step(1, { type: "receive", from: senderOf("n1"), message }),
    ...raft.step(1, { type: "tick" }),
  ].flatMap((effect) => (effect.type === "send" && effect.to === "n1" ? [effect.message] : []));
}

/** n2, which follows n1. */
function follower(): Raft {
  const raft = node("n2");
  heartbeat(raft, 1);
  return raft;
}

const hashed = (raft: Raft, index: number, hash: string): readonly Effect[] =>
  raft.step(2, { type: "hashed", index, hash });

const received = (
  raft: Raft,
  from: Sender,
  index: number,
  hash: string,
  answer = false,
): readonly Effect[] =>
  raft.step(2, {
    type: "receive",
    from,
    message: {
      type: "stateHash",
      to: senderOf("n1").incarnation,
      term: 3,
      index,
      hash,
      answer,
    },
  });

const stateHash = (to: string, index: number, hash: string, answer: boolean): Effect => ({
  type: "send",
  to,
  message: {
    type: "stateHash",
    to: senderOf(to).incarnation,
    term: 3,
    index,
    hash,
    answer,
  },
});

describe("a follower", () => {
  test("sends its newest hash once, beside an acknowledgement; nothing wakes it", () => {
    const raft = follower();
    const { deadline } = raft;
    expect(hashed(raft, 256, "aa")).toEqual([]);
    expect(hashed(raft, 512, "bb")).toEqual([]);
    expect(raft.deadline).toBe(deadline);
    expect(heartbeat(raft, 2)).toEqual([
      expect.objectContaining({ type: "appendEntriesReply", success: true, round: 2 }),
      expect.objectContaining({ type: "stateHash", index: 512, hash: "bb", answer: false }),
    ]);
    expect(heartbeat(raft, 3)).toEqual([
      expect.objectContaining({ type: "appendEntriesReply", success: true, round: 3 }),
    ]);
  });

  test("keeps its hash until there is a leader to send it to", () => {
    const raft = node("n2");
    expect(hashed(raft, 256, "aa")).toEqual([]);
    expect(heartbeat(raft, 1).map(({ type }) => type)).toEqual(["appendEntriesReply", "stateHash"]);
  });

  test("is told of a difference, and doesn't answer the answer", () => {
    const raft = follower();
    hashed(raft, 256, "aa");
    const answer: Message = {
      type: "stateHash",
      to: senderOf("n2").incarnation,
      term: 3,
      index: 256,
      hash: "bb",
      answer: true,
    };
    expect(raft.step(3, { type: "receive", from: senderOf("n1"), message: answer })).toEqual([
      { type: "diverged", peer: "n1", index: 256, ownHash: "aa", peerHash: "bb" },
    ]);
  });
});

describe("the node that is told", () => {
  test("says nothing to an equal hash; a different one it reports and answers", () => {
    const raft = node("n1");
    hashed(raft, 256, "aa");
    expect(received(raft, senderOf("n2"), 256, "aa")).toEqual([]);
    expect(received(raft, senderOf("n2"), 256, "bb")).toEqual([
      { type: "diverged", peer: "n2", index: 256, ownHash: "aa", peerHash: "bb" },
      stateHash("n2", 256, "aa", true),
    ]);
  });

  test("compares what comes early once it is there itself, of each member the last one", () => {
    const raft = node("n1");
    expect(received(raft, senderOf("n2"), 256, "lost")).toEqual([]);
    expect(received(raft, senderOf("n2"), 512, "bb")).toEqual([]);
    expect(received(raft, senderOf("n3"), 512, "aa")).toEqual([]);
    expect(hashed(raft, 256, "aa")).toEqual([]);
    expect(hashed(raft, 512, "aa")).toEqual([
      { type: "diverged", peer: "n2", index: 512, ownHash: "aa", peerHash: "bb" },
      stateHash("n2", 512, "aa", true),
    ]);
    expect(hashed(raft, 768, "aa")).toEqual([]);
  });

  test("keeps the last 32, and ignores what is older or was never hashed here", () => {
    const raft = node("n1");
    for (let i = 1; i <= 33; i++) hashed(raft, 256 * i, "aa");
    expect(received(raft, senderOf("n2"), 256, "bb")).toEqual([]);
    expect(received(raft, senderOf("n2"), 513, "bb")).toEqual([]);
    expect(received(raft, senderOf("n2"), 512, "bb")).toHaveLength(2);
  });

  test("hears no stranger, nor a member's other data directory", () => {
    const raft = node("n1");
    hashed(raft, 256, "aa");
    for (const from of [
      { id: "n9", incarnation: "n9-data-directory", run: 1 },
      { id: "n2", incarnation: "n2-data-directory-2", run: 1 },
    ]) {
      expect(received(raft, from, 256, "bb")).toEqual([
        { type: "dropped", from, reason: "notMember", disconnect: false },
      ]);
    }
  });
});
